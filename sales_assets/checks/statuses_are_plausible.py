"""The check that a day with orders has sales, and few orders of an unknown status."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY, is_of_days, window_of
from sales_assets.catalog.records import fetch_reported
from sales_assets.operations.repair.gaps import format_days
from sales_assets.settings import settings
from sales_assets.transforms.select_orders import EXCLUDED
from sales_assets.transforms.status_shares import (
    MOST_UNKNOWN,
    StatusCounts,
    find_days_without_sales,
    find_frequent_unknown,
)

_SHOWN_STATUSES = 5
_SHOWN_LETTERS = 40


@dg.asset_check(asset=RAW_ORDERS_KEY)
def statuses_are_plausible(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """A day with orders has sales, and no unknown status has more than 5 % of its orders.

    It runs after each load and reads what the latest load of each day reported, for the days of the run
    or else for those of the look-back. It fails for a day without a sale and warns for an unknown status.
    If the ERP renamed a status or added one, change the statuses in `transforms/select_orders.py` and
    rerun the days.
    """
    run = context.op_execution_context
    days = window_of(run).days if is_of_days(run) else DAILY.get_partition_keys()[-settings().lookback_days :]
    counts = _read_counts(context.instance, days)
    without_sales, unknown = find_days_without_sales(counts), find_frequent_unknown(counts)
    return dg.AssetCheckResult(
        passed=not without_sales and not unknown,
        severity=dg.AssetCheckSeverity.ERROR if without_sales else dg.AssetCheckSeverity.WARN,
        description=_describe(without_sales, unknown),
        metadata={
            "days": len(counts),
            "days_without_sales": len(without_sales),
            "unknown_statuses": {
                _cut(status): format_days(found) for status, found in list(unknown.items())[:_SHOWN_STATUSES]
            },
        },
    )


def _read_counts(instance: dg.DagsterInstance, days: Sequence[str]) -> dict[str, StatusCounts]:
    """Read what the latest load of each day reported; without the days that were never loaded."""
    reported = fetch_reported(instance, RAW_ORDERS_KEY, days)
    return {day: _read_day(metadata) for day, metadata in reported.items()}


def _read_day(metadata: Mapping[str, Any]) -> StatusCounts:
    """Read the counts of a day; a load that reported none had no orders."""
    return StatusCounts(
        sales=metadata.get("row_count", 0),
        excluded=metadata.get(EXCLUDED, {}),
        unknown=metadata.get("unknown_statuses", {}),
    )


def _describe(without_sales: Sequence[str], unknown: Mapping[str, Sequence[str]]) -> str:
    if not without_sales and not unknown:
        return "Every day with orders has sales, and few orders have an unknown status."
    faults = [f"{len(without_sales)} day(s) have orders and no sale: {format_days(without_sales)}."]
    faults = faults if without_sales else []
    for status, days in list(unknown.items())[:_SHOWN_STATUSES]:
        faults.append(
            f"More than {MOST_UNKNOWN:.0%} of the orders have the unknown status {_cut(status)!r} on "
            f"{format_days(days)}."
        )
    remedy = (
        "If the ERP renamed a status or added one, change the statuses in transforms/select_orders.py, "
        "then rerun the days."
    )
    return " ".join([*faults, remedy])


def _cut(status: str) -> str:
    return status if len(status) <= _SHOWN_LETTERS else f"{status[:_SHOWN_LETTERS]}…"
