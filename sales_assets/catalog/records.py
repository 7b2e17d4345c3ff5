"""Reads what Dagster has recorded about the days of an asset.

What follows from the records belongs to the callers.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import dagster as dg

from sales_assets.catalog.names import NO_DATA_TAG, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY
from sales_assets.private_apis.instance import read_latest_materializations, read_materialized_partitions

MAX_RECORDS = 10_000
"""How many records are fetched per request; Dagster refuses more."""


def fetch_observations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[str]
) -> Sequence[dg.EventLogRecord]:
    """Fetch the observations of some days of an asset, latest first."""
    records_filter = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=list(days))
    records: list[dg.EventLogRecord] = []
    page = instance.fetch_observations(records_filter, limit=MAX_RECORDS)
    while page.has_more:
        records += page.records
        page = instance.fetch_observations(records_filter, limit=MAX_RECORDS, cursor=page.cursor)
    return [*records, *page.records]


def fetch_statuses(instance: dg.DagsterInstance, asset: dg.AssetKey, days: Sequence[str]) -> dict[str, str]:
    """Fetch Dagster's partition status of each day, by name; empty for a day without any record."""
    statuses = instance.get_status_by_partition(asset, days, DAILY) or {}
    return {day: getattr(statuses.get(day), "name", "") for day in days}


def fetch_latest_event_ids(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Collection[str]
) -> Mapping[str, int]:
    """Fetch the event log's ID of each day's latest materialization; a higher ID is a later event."""
    return read_latest_materializations(instance, asset, days)


def fetch_latest_records(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Collection[str]
) -> dict[str, dg.EventLogRecord]:
    """Fetch each day's latest materialization; days that were never materialized are absent."""
    event_ids = fetch_latest_event_ids(instance, asset, days)
    if not event_ids:
        return {}
    records_filter = dg.AssetRecordsFilter(asset_key=asset, storage_ids=list(event_ids.values()))
    records = instance.fetch_materializations(records_filter, limit=len(event_ids)).records
    return {str(record.partition_key): record for record in records}


def fetch_reported(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Fetch the metadata of each day's latest materialization; days that have none are absent."""
    return {
        day: {name: value.value for name, value in event.metadata.items()}
        for day, record in fetch_latest_records(instance, asset, days).items()
        if (event := record.asset_materialization)
    }


def find_days_without_orders(instance: dg.DagsterInstance, days: Sequence[str]) -> set[str]:
    """Find the days whose latest load found no orders in the ERP."""
    if not days:
        return set()
    observations = fetch_observations(instance, RAW_ORDERS_KEY, days)
    loads = fetch_latest_event_ids(instance, RAW_ORDERS_KEY, days)
    empty: set[str] = set()
    for record in observations:
        observation = record.asset_observation
        if observation is None or observation.partition is None or NO_DATA_TAG not in observation.metadata:
            continue
        if record.storage_id > loads.get(observation.partition, 0):
            empty.add(observation.partition)
    return empty


def find_days_to_refuse(instance: dg.DagsterInstance, asset: dg.AssetKey, days: Collection[str]) -> list[str]:
    """Find the days that a run may not read of a daily asset, because it was never materialized for them.

    An instance in memory without any record of the asset is not the one that loaded it: it is not asked.
    """
    is_asked = not instance.is_ephemeral or read_materialized_partitions(instance, asset)
    return find_days_never_loaded(instance, asset, days) if is_asked else []


def find_days_never_loaded(
    instance: dg.DagsterInstance, asset: dg.AssetKey, days: Collection[str]
) -> list[str]:
    """Find the days for which a daily asset was never materialized, although the ERP may have orders."""
    stored = read_materialized_partitions(instance, asset) if days else set()
    missing = [day for day in days if day not in stored]
    without_orders = find_days_without_orders(instance, missing)
    return [day for day in missing if day not in without_orders]
