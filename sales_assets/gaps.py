"""Which days the instance lacks, and the fewest ranges that ask for them.

Nothing here launches a run: schedules and commands decide that.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import dagster as dg
import pandas as pd

from sales_assets.partitions import DAILY
from sales_assets.taxonomy import NO_DATA_TAG

RAW_ORDERS = dg.AssetKey("raw_orders")
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def missing_days(
    instance: dg.DagsterInstance, assets: Iterable[dg.AssetKey], days: Sequence[str]
) -> list[str]:
    """The days that an asset lacks or failed to make.

    Args:
        instance: What was materialized, observed and is under way.
        assets: Daily assets; a day is missing if one of them lacks it.
        days: Partition keys to look at.

    Returns:
        Those of the days, without the ones that had no order and those that are queued or running.
    """
    statuses = [instance.get_status_by_partition(key, days, DAILY) or {} for key in assets]
    lacking = [day for day in days if any(_name(status.get(day)) in ("FAILED", "") for status in statuses)]
    busy = busy_days(instance, assets, days)
    empty = days_without_orders(instance, lacking)
    return [day for day in lacking if day not in busy and day not in empty]


def busy_days(instance: dg.DagsterInstance, assets: Iterable[dg.AssetKey], days: Sequence[str]) -> set[str]:
    """The days that a queued or running run is going to make."""
    statuses = [instance.get_status_by_partition(key, days, DAILY) or {} for key in assets]
    return {day for day in days if any(_name(status.get(day)) == "IN_PROGRESS" for status in statuses)}


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


def _name(status: object) -> str:
    """A partition's status as Dagster names it; nothing for one that was never made."""
    return getattr(status, "name", "")


def _next(day: str) -> str:
    return (pd.Timestamp(day) + timedelta(days=1)).strftime(DAILY.fmt)
