"""Finds missing, failed and stale days, and groups days into the fewest contiguous ranges.

Nothing here launches a run: schedules, sensors and `planned_runs.py` decide that.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY
from sales_assets.catalog.records import (
    fetch_latest_event_ids,
    fetch_latest_records,
    fetch_statuses,
    find_days_without_orders,
)
from sales_assets.operations.repair.lineage import Lineage

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

MISSING, FAILED, STALE, OUTDATED = "missing", "failed", "stale", "outdated"

_CODE_VERSION = "dagster/code_version"
"""Dagster's tag on a materialization: the version of the code that made it."""

Gaps = dict[str, dict[dg.AssetKey, str]]
"""By day and asset, the reason why the asset has to be run for that day."""


def find_gaps(instance: dg.DagsterInstance, lineage: Lineage, days: Sequence[str]) -> tuple[Gaps, set[str]]:
    """Find the days that are missing or failed for some asset, and the days of queued or running runs.

    Args:
        instance: Has the records of materializations and runs.
        lineage: Its daily assets are examined.
        days: Partition keys to examine.

    Returns:
        `MISSING` or `FAILED` by day and asset, except for days that are in progress or had no orders; and the
        days that are in progress.
    """
    gaps: Gaps = {}
    in_progress: set[str] = set()
    for asset in lineage.daily:
        for day, status in fetch_statuses(instance, asset, days).items():
            if status == "IN_PROGRESS":
                in_progress.add(day)
            elif status == "FAILED":
                gaps.setdefault(day, {})[asset] = FAILED
            elif status != "MATERIALIZED":
                gaps.setdefault(day, {})[asset] = MISSING
    # A day whose load failed is a gap, even if an earlier load found no orders.
    possibly_empty = [day for day, reasons in gaps.items() if reasons.get(RAW_ORDERS_KEY) != FAILED]
    excluded = in_progress | find_days_without_orders(instance, possibly_empty)
    return {day: gaps[day] for day in sorted(gaps) if day not in excluded}, in_progress


def find_stale(instance: dg.DagsterInstance, lineage: Lineage, days: Sequence[str]) -> Gaps:
    """Find the days of assets whose parents were materialized after them.

    Args:
        instance: Has the records of materializations, in order.
        lineage: Its daily assets are examined.
        days: Partition keys to examine.
    """
    event_ids = {asset: fetch_latest_event_ids(instance, asset, days) for asset in lineage.daily}
    stale: Gaps = {}
    for asset in lineage.daily:
        parents = [event_ids[parent] for parent in lineage.parents(asset)]
        for day, event_id in event_ids[asset].items():
            if any(parent.get(day, 0) > event_id for parent in parents):
                stale.setdefault(day, {})[asset] = STALE
    with_orders = stale.keys() - find_days_without_orders(instance, list(stale))
    return {day: stale[day] for day in sorted(with_orders)}


def find_outdated(instance: dg.DagsterInstance, lineage: Lineage, days: Sequence[str]) -> Gaps:
    """Find the days of assets that were made by other code than the location has now.

    Days that were stored before assets had versions are not among them.

    Args:
        instance: Has the records of materializations.
        lineage: Its daily assets are examined.
        days: Partition keys to examine.
    """
    outdated: Gaps = {}
    for asset in lineage.daily:
        version = lineage.code_version(asset)
        for day, record in fetch_latest_records(instance, asset, days).items():
            made = record.asset_materialization
            made_by = (made.tags or {}).get(_CODE_VERSION) if made else None
            # Without a version, Dagster notes the run's id.
            if version and made_by not in (None, version, record.run_id):
                outdated.setdefault(day, {})[asset] = OUTDATED
    return {day: outdated[day] for day in sorted(outdated)}


def merge_gaps(*several: Mapping[str, Mapping[dg.AssetKey, str]]) -> Gaps:
    """Merge gaps; if a day and asset have several reasons, the first one wins."""
    merged: Gaps = {}
    for gaps in several:
        for day, reasons in gaps.items():
            merged[day] = {**reasons, **merged.get(day, {})}
    return {day: merged[day] for day in sorted(merged)}


def group_into_ranges(days: Iterable[str], at_most: int | None = None) -> list[tuple[str, str]]:
    """Group days into the fewest ranges that cover exactly these days.

    Args:
        days: Partition keys.
        at_most: The maximum number of days per range; None for no maximum.

    Returns:
        First and last day of each range, in order.
    """
    groups: list[list[str]] = []
    for day in sorted(set(days)):
        current = groups[-1] if groups else []
        if current and _next_day(current[-1]) == day and (at_most is None or len(current) < at_most):
            current.append(day)
        else:
            groups.append([day])
    return [(group[0], group[-1]) for group in groups]


def format_days(days: Iterable[str], most: int = 5) -> str:
    """Format days for people, as ranges; only the first few of many."""
    texts = [first if first == last else f"{first} to {last}" for first, last in group_into_ranges(days)]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags of a run for a range of days."""
    return {RANGE_START: first, RANGE_END: last}


def build_run_request(
    first: str, last: str, run_key: str, assets: Sequence[dg.AssetKey] | None = None
) -> dg.RunRequest:
    """Build a run request for a range; a single day is an ordinary partition, so the run queue limits it.

    Args:
        first: The first day.
        last: The last day.
        run_key: Dagster launches one run per key.
        assets: The assets to materialize; None for all assets of the job.
    """
    if first == last:
        return dg.RunRequest(run_key=run_key, partition_key=first, asset_selection=assets)
    return dg.RunRequest(run_key=run_key, tags=range_tags(first, last), asset_selection=assets)


def find_days_in_progress(instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[str]) -> set[str]:
    """Find the days of an asset that a queued or running run is going to materialize."""
    return {day for day, status in fetch_statuses(instance, asset, days).items() if status == "IN_PROGRESS"}


def _next_day(day: str) -> str:
    return (pd.Timestamp(day) + timedelta(days=1)).strftime(DAILY.fmt)
