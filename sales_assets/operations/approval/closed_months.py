"""Compares what is stored for closed months with what was published, and holds back what moves too far.

The first look at a closed month notes the revenue that gold has then; later changes are measured by that,
however small each of them is. The rules are in `transforms/restatements.py`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from zoneinfo import ZoneInfo

import dagster as dg

from sales_assets.catalog.approvals import (
    Entry,
    State,
    find_published,
    read_entries,
    record_entry,
)
from sales_assets.catalog.names import FCT_ORDERS_KEY, MONTHLY_REVENUE_KEY, SILVER_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY, Window, window_between
from sales_assets.catalog.records import find_days_never_loaded
from sales_assets.operations.repair.gaps import group_into_ranges
from sales_assets.settings import Settings
from sales_assets.transforms.restatements import describe_restatement, find_closed_months, is_restated
from sales_assets.warehouse.engine import WarehouseReader

_SQL = files("sales_assets.operations.approval") / "sql"
_SILVER_REVENUE = (_SQL / "silver_revenue.sql").read_text()
_GOLD_REVENUE = (_SQL / "gold_revenue.sql").read_text()


def hold_back_restatements(
    days: Iterable[str], instance: dg.DagsterInstance, warehouse: WarehouseReader, settings: Settings
) -> list[Entry]:
    """Judge the closed months of some days, and note what is published and what is held back.

    Args:
        days: The business days that a run has stored in silver.
        instance: Has the entries.
        warehouse: Has silver and gold.
        settings: When a month is closed, and how far its revenue may move.

    Returns:
        What is held back of these months.
    """
    if settings.closed_after_days is None:
        return []
    today = datetime.now(ZoneInfo(DAILY.timezone)).date()
    months = find_closed_months(days, today, settings.closed_after_days)
    judged = [_judge(month, instance, warehouse, settings) for month in months]
    return [entry for entry in judged if entry]


def month_window(month: str) -> Window:
    """The business days of a month."""
    days = [day for day in DAILY.get_partition_keys() if day.startswith(f"{month}-")]
    return window_between(days[0] if days else f"{month}-01", days[-1] if days else f"{month}-01")


def _judge(
    month: str, instance: dg.DagsterInstance, warehouse: WarehouseReader, settings: Settings
) -> Entry | None:
    window = month_window(month)
    entries = read_entries(instance, MONTHLY_REVENUE_KEY).get(month, [])
    published = find_published(entries)
    if published is None:
        if find_days_never_loaded(instance, FCT_ORDERS_KEY, window.days):
            return None  # it is being loaded for the first time
        text = str(_read_gold(warehouse, window))
        published = Entry(
            month, State.PUBLISHED, text, "This is the revenue with which the month was closed."
        )
        record_entry(instance, MONTHLY_REVENUE_KEY, published)
    before, after = Decimal(published.content), _read_stored(warehouse, window, instance)
    limit, latest = settings.restatement_limit, entries[0] if entries else published
    if not is_restated(before, after, limit):
        if latest.state is State.HELD_BACK:
            reason = "What is stored now does not differ by more than the limit."
            record_entry(instance, MONTHLY_REVENUE_KEY, Entry(month, State.RELEASED, str(after), reason))
        return None
    reason = describe_restatement(month, before, after, limit, settings.erp_currency)
    held = Entry(month, State.HELD_BACK, str(after), reason)
    if latest != held:
        record_entry(instance, MONTHLY_REVENUE_KEY, held)
    return held


def _read_stored(warehouse: WarehouseReader, window: Window, instance: dg.DagsterInstance) -> Decimal:
    """The revenue that gold would have: silver's, and gold's own for days that silver never had."""
    bounds = [bound.astimezone(UTC).replace(tzinfo=None) for bound in window.bounds]
    revenue = Decimal(warehouse.query(_SILVER_REVENUE, bounds)["revenue"][0])
    only_in_gold = find_days_never_loaded(instance, SILVER_ORDERS_KEY, window.days)
    return revenue + sum(
        _read_gold(warehouse, window_between(first, last)) for first, last in group_into_ranges(only_in_gold)
    )


def _read_gold(warehouse: WarehouseReader, window: Window) -> Decimal:
    return Decimal(warehouse.query(_GOLD_REVENUE, window.dates)["revenue"][0])
