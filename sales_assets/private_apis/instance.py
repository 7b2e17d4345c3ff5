"""Non-public methods of Dagster's instance: partitions, runs, events, listeners, daemons, pools, values."""

from collections.abc import Callable, Collection, Mapping

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus


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


def read_events(
    instance: dg.DagsterInstance, run_id: str, types: Collection[dg.DagsterEventType]
) -> list[dg.EventLogEntry]:
    """Return the events of some types of a run, in order."""
    return list(instance.all_logs(run_id, of_type=set(types)))


def read_latest_evaluation(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey
) -> dg.AssetCheckEvaluation | None:
    """Return the latest evaluation of a check; None if it is under way, or never ended."""
    record = instance.get_latest_asset_check_evaluation_record(check)
    event = record.event.dagster_event if record and record.event else None
    data = event.event_specific_data if event else None
    return data if isinstance(data, dg.AssetCheckEvaluation) else None


def read_previous_evaluation(
    instance: dg.DagsterInstance, check: dg.AssetCheckKey
) -> dg.AssetCheckEvaluation | None:
    """Return the latest evaluation that has ended, to a check that is under way; None if there is none."""
    ended = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
    storage = instance.event_log_storage
    for record in storage.get_asset_check_execution_history(check, limit=1, status=ended):
        event = record.event.dagster_event if record.event else None
        return event.asset_check_evaluation_data if event else None
    return None


def read_value(instance: dg.DagsterInstance, key: str) -> str | None:
    """Return a value of the instance's key-value table, where Dagster's daemons keep their cursors."""
    return instance.run_storage.get_cursor_values({key}).get(key)


def replace_value(instance: dg.DagsterInstance, key: str, old: str | None, new: str) -> bool:
    """Replace a value of the key-value table, unless another process did first.

    Args:
        instance: The instance; its storage is SQLite or PostgreSQL.
        key: The key.
        old: The value that was read; None if there was none.
        new: The value to store.

    Returns:
        Whether the value was still the old one, and is now the new one.
    """
    # Half a second with SQLAlchemy, which the location's loading does not need.
    from dagster._core.storage.runs.schema import KeyValueStoreTable  # noqa: PLC0415
    from dagster._core.storage.runs.sql_run_storage import SqlRunStorage  # noqa: PLC0415
    from sqlalchemy.exc import IntegrityError  # noqa: PLC0415

    storage, table = instance.run_storage, KeyValueStoreTable
    if not isinstance(storage, SqlRunStorage):
        message = f"The run storage {type(storage).__name__} has no key-value table."
        raise dg.DagsterInvariantViolationError(message)
    if old is None:
        try:
            with storage.connect() as connection:
                connection.execute(table.insert().values(key=key, value=new))
        except IntegrityError:
            return False
        return True
    is_unchanged = (table.c.key == key) & (table.c.value == old)
    with storage.connect() as connection:
        return connection.execute(table.update().where(is_unchanged).values(value=new)).rowcount == 1
