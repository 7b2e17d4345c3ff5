"""The check that a day has about as many orders as the same weekday of the weeks before."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import dagster as dg

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import Window, choose_window, list_days_with_history
from sales_assets.catalog.records import fetch_reported
from sales_assets.settings import settings
from sales_assets.transforms.bands import (
    HISTORY_DAYS,
    MAX_NAMED,
    Verdict,
    find_outside,
    join_verdicts,
    to_series,
)
from sales_assets.transforms.rejections import REJECTED_COUNT
from sales_assets.transforms.select_orders import EXCLUDED


@dg.asset_check(asset=RAW_ORDERS_KEY)
def volume_is_in_its_band(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """A day has about as many orders as the same weekday of the eight weeks before, whatever their status.

    It reads what the latest load of each day reported, for the days of the run or else of the look-back. It
    warns beyond six usual deviations and fails beyond twelve; a day with less than four such weekdays before
    it is not judged. If it fails, ask whoever runs the ERP whether the orders are complete. If they are not,
    the late-change sensor loads those that follow.
    """
    window = choose_window(context.op_execution_context, settings().lookback_days)
    reported = fetch_reported(context.instance, RAW_ORDERS_KEY, list_days_with_history(window, HISTORY_DAYS))
    orders = to_series({day: _count_orders(each) for day, each in reported.items() if EXCLUDED in each})
    outside = find_outside(orders, window.days, _chance_of_counts, by_weekday=True)
    is_far = any(verdict.is_far for verdict in outside)
    return dg.AssetCheckResult(
        passed=not outside,
        severity=dg.AssetCheckSeverity.ERROR if is_far else dg.AssetCheckSeverity.WARN,
        description=_describe(window, outside),
        metadata={
            "days_outside": len(outside),
            "orders": {verdict.day: verdict.actual for verdict in outside[:MAX_NAMED]},
            "expected": {verdict.day: verdict.expected for verdict in outside[:MAX_NAMED]},
        },
    )


def _count_orders(reported: Mapping[str, Any]) -> int:
    """How many orders a load saw: the latest ones become sales only when they are completed."""
    excluded, rejected = reported[EXCLUDED].values(), reported.get(REJECTED_COUNT, 0)
    return int(reported.get("row_count", 0) + rejected + sum(excluded))


def _chance_of_counts(expected: float) -> float:
    """What counts vary by, if orders come independently of each other."""
    return sqrt(max(expected, 1.0))


def _describe(window: Window, outside: Sequence[Verdict]) -> str:
    if not outside:
        return f"Every day of {window} that can be judged has about as many orders as usual on its weekday."
    days = join_verdicts(
        outside,
        lambda each: f"{each.day} has {each.actual:.0f} order(s) where {each.expected:.0f} are usual",
    )
    return f"{days}. Ask whoever runs the ERP whether its orders are complete."
