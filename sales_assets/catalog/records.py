"""What Dagster has recorded of the days of an asset; what follows from it belongs to whoever asks."""

from collections.abc import Collection, Mapping, Sequence

import dagster as dg

from sales_assets.catalog.partitions import DAILY
from sales_assets.private_apis.instance import read_latest_materializations

MOST_RECORDS = 10_000
"""How many of Dagster's records are fetched at once; it refuses more."""


def observations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[str]
) -> Sequence[dg.EventLogRecord]:
    """What was observed of some days of an asset, the latest first."""
    wanted = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=list(days))
    records: list[dg.EventLogRecord] = []
    page = instance.fetch_observations(wanted, limit=MOST_RECORDS)
    while page.has_more:
        records += page.records
        page = instance.fetch_observations(wanted, limit=MOST_RECORDS, cursor=page.cursor)
    return [*records, *page.records]


def statuses(instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[str]) -> dict[str, str]:
    """Dagster's name for the state of each day; empty for one of which nothing is known."""
    found = instance.get_status_by_partition(asset, days, DAILY) or {}
    return {day: getattr(found.get(day), "name", "") for day in days}


def latest(instance: dg.DagsterInstance, asset: dg.AssetKey, days: Collection[str]) -> Mapping[str, int]:
    """The place in the event log of each day's latest materialization."""
    return read_latest_materializations(instance, asset, days)
