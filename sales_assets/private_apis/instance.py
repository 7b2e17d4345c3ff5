"""Methods of Dagster's instance that are not public: partitions, run tags, failures, daemons, pools."""

from collections.abc import Callable, Collection, Mapping

import dagster as dg


def materialized_partitions(instance: dg.DagsterInstance, asset: dg.AssetKey) -> set[str]:
    """The partitions of an asset that were ever materialized."""
    return set(instance.get_materialized_partitions(asset))


def latest_materializations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: Collection[str]
) -> Mapping[str, int]:
    """The place in the event log of each partition's latest materialization."""
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
    """Have each event of a run of this process passed on."""
    instance.add_event_listener(run_id, callback)


def heartbeat_times(instance: dg.DagsterInstance) -> dict[str, float]:
    """When each daemon last reported, in seconds since 1970."""
    return {name: heartbeat.timestamp for name, heartbeat in instance.get_daemon_heartbeats().items()}


def required_daemons(instance: dg.DagsterInstance) -> list[str]:
    """The daemons that the instance needs."""
    return sorted(instance.get_required_daemon_types())


def pool_limits(instance: dg.DagsterInstance) -> dict[str, int | None]:
    """The limit of each pool that the storage knows."""
    return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}
