"""What the instance lacks of each business day, and the fewest ranges that ask for it.

Nothing here launches a run: schedules, sensors and `plans.py` decide that.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import NO_DATA_TAG, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY
from sales_assets.catalog.records import latest, observations, statuses
from sales_assets.operations.repair.lineage import Lineage

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

MISSING, FAILED, STALE = "missing", "failed", "stale"

Gaps = dict[str, dict[dg.AssetKey, str]]
"""By day: the assets that lack it, and why."""


def find_gaps(instance: dg.DagsterInstance, lineage: Lineage, days: Sequence[str]) -> tuple[Gaps, set[str]]:
    """The days that some asset lacks, and those that a queued or running run is about to make.

    Args:
        instance: What was materialized and is under way.
        lineage: The assets to look at; those that are daily.
        days: Partition keys to look at.

    Returns:
        `MISSING` or `FAILED` by asset and day, without days that are under way and those that had no order;
        and the days that are under way.
    """
    found: Gaps = {}
    busy: set[str] = set()
    for asset in lineage.daily:
        for day, status in statuses(instance, asset, days).items():
            if status == "IN_PROGRESS":
                busy.add(day)
            elif status != "MATERIALIZED":
                found.setdefault(day, {})[asset] = FAILED if status == "FAILED" else MISSING
    unsure = [day for day, assets in found.items() if assets.get(RAW_ORDERS_KEY) != FAILED]
    done = busy | days_without_orders(instance, unsure)
    return {day: found[day] for day in sorted(found) if day not in done}, busy


def find_stale(instance: dg.DagsterInstance, lineage: Lineage, days: Sequence[str]) -> Gaps:
    """The days that an asset made before something that it reads made them anew.

    Args:
        instance: What was materialized, in which order.
        lineage: The assets to look at; those that are daily.
        days: Partition keys to look at.
    """
    made = {asset: latest(instance, asset, days) for asset in lineage.daily}
    found: Gaps = {}
    for asset in lineage.daily:
        parents = [made[parent] for parent in lineage.parents(asset)]
        for day, when in made[asset].items():
            if any(parent.get(day, 0) > when for parent in parents):
                found.setdefault(day, {})[asset] = STALE
    ordinary = found.keys() - days_without_orders(instance, list(found))
    return {day: found[day] for day in sorted(ordinary)}


def merge_gaps(*found: Mapping[str, Mapping[dg.AssetKey, str]]) -> Gaps:
    """Several findings as one; of two reasons for the same day and asset the first one counts."""
    together: Gaps = {}
    for gaps in reversed(found):
        for day, reasons in gaps.items():
            together.setdefault(day, {}).update(reasons)
    return {day: together[day] for day in sorted(together)}


def ranges(days: Iterable[str], at_most: int | None = None) -> list[tuple[str, str]]:
    """The fewest ranges that cover exactly the days.

    Args:
        days: Partition keys.
        at_most: How many days a range may have; None for any number.

    Returns:
        First and last day of each range, in order.
    """
    found: list[list[str]] = []
    for day in sorted(set(days)):
        last = found[-1] if found else []
        if last and _next(last[-1]) == day and (at_most is None or len(last) < at_most):
            last.append(day)
        else:
            found.append([day])
    return [(run[0], run[-1]) for run in found]


def format_days(days: Iterable[str], most: int = 5) -> str:
    """Days as text for people: ranges, and the first few of many."""
    found = [first if first == last else f"{first} to {last}" for first, last in ranges(days)]
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags of a run that makes a range of days."""
    return {RANGE_START: first, RANGE_END: last}


def request(
    first: str, last: str, run_key: str, assets: Sequence[dg.AssetKey] | None = None
) -> dg.RunRequest:
    """A run request for a range; for one day an ordinary partition, as the run queue knows it.

    Args:
        first: The first day.
        last: The last day.
        run_key: Two requests of the same key are one.
        assets: What to make; everything of the job unless told.
    """
    if first == last:
        return dg.RunRequest(run_key=run_key, partition_key=first, asset_selection=assets)
    return dg.RunRequest(run_key=run_key, tags=range_tags(first, last), asset_selection=assets)


def under_way(instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[str]) -> set[str]:
    """Those of the days of an asset that a queued or running run is about to make."""
    return {day for day, status in statuses(instance, asset, days).items() if status == "IN_PROGRESS"}


def days_without_orders(instance: dg.DagsterInstance, days: Sequence[str]) -> set[str]:
    """Those of the days of which their last load found that the ERP has no order."""
    if not days:
        return set()
    records = observations(instance, RAW_ORDERS_KEY, days)
    loaded = latest(instance, RAW_ORDERS_KEY, days)
    observed = [(record.storage_id, record.asset_observation) for record in records]
    return {
        seen.partition
        for when, seen in observed
        if seen and seen.partition and NO_DATA_TAG in seen.metadata and when > loaded.get(seen.partition, 0)
    }


def _next(day: str) -> str:
    return (pd.Timestamp(day) + timedelta(days=1)).strftime(DAILY.fmt)
