"""Which days the instance lacks, and the fewest ranges that ask for them.

Nothing here launches a run: schedules and commands decide that.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import dagster as dg
import pandas as pd

from sales_assets.partitions import DAILY
from sales_assets.taxonomy import NO_DATA_TAG, RAW_ORDERS

NEVER_MADE = ""
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def day_statuses(
    instance: dg.DagsterInstance, assets: Iterable[dg.AssetKey], days: Sequence[str]
) -> dict[str, set[str]]:
    """What the instance knows of each day.

    Args:
        instance: What was materialized and is under way.
        assets: Daily assets.
        days: Partition keys to look at.

    Returns:
        By day, the names of Dagster's statuses that its assets have; nothing for one that was never made.
    """
    by_asset = [instance.get_status_by_partition(key, days, DAILY) or {} for key in assets]
    return {day: {getattr(statuses.get(day), "name", NEVER_MADE) for statuses in by_asset} for day in days}


def busy_days(statuses: Mapping[str, set[str]]) -> set[str]:
    """The days that a queued or running run is going to make."""
    return {day for day, names in statuses.items() if "IN_PROGRESS" in names}


def missing_days(instance: dg.DagsterInstance, statuses: Mapping[str, set[str]]) -> list[str]:
    """The days that an asset lacks or failed to make, without those that had no order or are busy."""
    lacking = [day for day, names in statuses.items() if names & {"FAILED", NEVER_MADE}]
    done = busy_days(statuses) | days_without_orders(instance, lacking)
    return [day for day in lacking if day not in done]


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


def named(days: Sequence[str], most: int = 5) -> str:
    """Days as text for people: ranges, and the first few of many."""
    found = [first if first == last else f"{first} to {last}" for first, last in ranges(days)]
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def request(first: str, last: str, run_key: str) -> dg.RunRequest:
    """A run request for a range; for one day an ordinary partition, as the run queue knows it."""
    if first == last:
        return dg.RunRequest(run_key=run_key, partition_key=first)
    return dg.RunRequest(run_key=run_key, tags={RANGE_START: first, RANGE_END: last})


def days_without_orders(instance: dg.DagsterInstance, days: Sequence[str]) -> set[str]:
    """Those of the days of which a load found that the ERP has no order."""
    if not days:
        return set()
    wanted = dg.AssetRecordsFilter(asset_key=RAW_ORDERS, asset_partitions=list(days))
    observed = instance.fetch_observations(wanted, limit=10 * len(days)).records
    observations = [record.asset_observation for record in observed]
    return {o.partition for o in observations if o and o.partition and NO_DATA_TAG in o.metadata}


def _next(day: str) -> str:
    return (pd.Timestamp(day) + timedelta(days=1)).strftime(DAILY.fmt)
