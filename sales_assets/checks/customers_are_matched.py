"""The check that as many orders as usual have a known customer."""

from collections.abc import Sequence

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import SILVER_ORDERS_KEY
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

_SMALLEST_DEVIATION = 0.01
"""One percentage point: where all orders always match, a few that do not are no alarm."""


@dg.asset_check(asset=SILVER_ORDERS_KEY)
def customers_are_matched(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """As large a share of a day's orders as usual has a customer that the ERP knows.

    It reads what the latest load of each day reported, for the days of the run or else of the look-back, and
    compares it with the eight weeks before. It warns six usual deviations below, fails twelve below, and does
    not judge a day with less than 28 days before it. If it fails, look at `raw_customers` and at the ids of
    the orders without a city, then run the day again.
    """
    window = choose_window(context.op_execution_context, settings().lookback_days)
    rates = _read_rates(context.instance, window)
    outside = find_outside(rates, window.days, lambda _: _SMALLEST_DEVIATION, by_weekday=False)
    below = [verdict for verdict in outside if verdict.deviations < 0]
    is_far = any(verdict.is_far for verdict in below)
    return dg.AssetCheckResult(
        passed=not below,
        severity=dg.AssetCheckSeverity.ERROR if is_far else dg.AssetCheckSeverity.WARN,
        description=_describe(window, below),
        metadata={
            "days_below": len(below),
            "match_rates": {verdict.day: verdict.actual for verdict in below[:MAX_NAMED]},
        },
    )


def _read_rates(instance: dg.DagsterInstance, window: Window) -> pd.Series:
    """Read the match rate of each day of the window and of the weeks before it, by midnight."""
    reported = fetch_reported(instance, SILVER_ORDERS_KEY, list_days_with_history(window, HISTORY_DAYS))
    return to_series({day: each["match_rate"] for day, each in reported.items() if "match_rate" in each})


def _describe(window: Window, below: Sequence[Verdict]) -> str:
    if not below:
        return f"As many orders of {window} as usual have a known customer, as far as can be judged."
    days = join_verdicts(
        below, lambda each: f"{each.actual:.1%} of the orders of {each.day}, usually {each.expected:.1%}"
    )
    return f"Too few orders have a known customer: {days}. Look at raw_customers, then run the days again."
