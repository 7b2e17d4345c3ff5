"""The check that a day has about as many sales as the same weekday of the weeks before."""

from collections.abc import Sequence
from datetime import timedelta
from math import sqrt

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY, Window, choose_window, window_between
from sales_assets.operations.reconciliation.warehouse_days import read_raw
from sales_assets.settings import settings
from sales_assets.transforms.bands import HISTORY_DAYS, Verdict, find_outside
from sales_assets.warehouse.engine import WarehouseReader

_MAX_NAMED = 5


@dg.asset_check(asset=RAW_ORDERS_KEY)
def volume_is_in_its_band(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[WarehouseReader]
) -> dg.AssetCheckResult:
    """A day has about as many sales as the same weekday of the eight weeks before.

    It warns beyond six usual deviations and fails beyond twelve, for the days of the run or else of the
    look-back; a day with less than four such weekdays before it is not judged. If it fails, ask whoever runs
    the ERP whether the orders are complete. If they are not, the late-change sensor loads those that follow.
    """
    window = choose_window(context.op_execution_context, settings().lookback_days)
    found = read_raw(warehouse, _with_history(window))
    sales = pd.Series(found["sales"].to_numpy("float64"), index=pd.to_datetime(found["day"]))
    outside = find_outside(sales, window.days, _chance_of_counts, by_weekday=True)
    is_far = any(verdict.is_far for verdict in outside)
    return dg.AssetCheckResult(
        passed=not outside,
        severity=dg.AssetCheckSeverity.ERROR if is_far else dg.AssetCheckSeverity.WARN,
        description=_describe(window, outside),
        metadata={
            "days_outside": len(outside),
            "sales": {verdict.day: verdict.actual for verdict in outside[:_MAX_NAMED]},
            "expected": {verdict.day: verdict.expected for verdict in outside[:_MAX_NAMED]},
        },
    )


def _with_history(window: Window) -> Window:
    first = pd.Timestamp(window.days[0]) - timedelta(days=HISTORY_DAYS)
    begin = str(DAILY.get_first_partition_key())
    return window_between(max(first.strftime(DAILY.fmt), begin), window.days[-1])


def _chance_of_counts(expected: float) -> float:
    """What counts vary by, if orders come independently of each other."""
    return sqrt(max(expected, 1.0))


def _describe(window: Window, outside: Sequence[Verdict]) -> str:
    if not outside:
        return f"Every day of {window} that can be judged has about as many sales as its weekday usually has."
    days = "; ".join(
        f"{verdict.day} has {verdict.actual:.0f} sale(s) where {verdict.expected:.0f} are usual"
        for verdict in outside[:_MAX_NAMED]
    )
    more = f"; {len(outside) - _MAX_NAMED} more day(s)" if len(outside) > _MAX_NAMED else ""
    return f"{days}{more}. Ask whoever runs the ERP whether its orders are complete."
