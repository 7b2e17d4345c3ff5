"""Non-public methods of Dagster's instance: partitions, run tags, failures, listeners, daemons, pools."""

from collections.abc import Callable, Collection, Mapping

import dagster as dg


def read_materialized_partitions(instance: dg.DagsterInstance, asset: dg.AssetKey) -> set[str]:
    """Return the partitions of an asset that were ever materialized."""
    return set(instance.get_materialized_partitions(asset))


def read_latest_materializations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str]
) -> Mapping[str, int]:
    """Return the event log id of each partition's latest materialization."""
    if not partitions:  # Dagster takes an empty set for all partitions
        return {}
    event = dg.DagsterEventType.ASSET_MATERIALIZATION
    return instance.get_latest_storage_id_by_partition(asset, event, set(partitions))


def tag_run(instance: dg.DagsterInstance, run_id: str, tags: Mapping[str, str]) -> None:
    """Add tags to a run."""
    instance.add_run_tags(run_id, tags)


def fail_run(instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str) -> None:
    """Mark a run as failed whose process is gone."""
    instance.report_run_failed(run, reason)


def listen_to_run(
    instance: dg.DagsterInstance, run_id: str, callback: Callable[[dg.EventLogEntry], None]
) -> None:
    """Call a function for each event of a run in this process."""
    instance.add_event_listener(run_id, callback)


def read_heartbeats(instance: dg.DagsterInstance) -> dict[str, float]:
    """Return when each daemon last reported, in seconds since 1970."""
    return {name: heartbeat.timestamp for name, heartbeat in instance.get_daemon_heartbeats().items()}


def list_required_daemons(instance: dg.DagsterInstance) -> list[str]:
    """Return the daemons that the instance needs."""
    return sorted(instance.get_required_daemon_types())


def read_pool_limits(instance: dg.DagsterInstance) -> dict[str, int | None]:
    """Return the limit of each pool in the storage."""
    return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
