"""Where Dagster's storage is: SQLite's files, PostgreSQL's settings of autovacuum, the folder of logs."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.definitions.repository_definition.valid_definitions import SINGLETON_REPOSITORY_NAME
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from sqlalchemy import cast, column, func, make_url, select, table
from sqlalchemy.types import Float

_ATTEMPTS = 100


@dataclass(frozen=True)
class Autovacuum:
    """PostgreSQL's settings of autovacuum, for the table of events.

    Attributes:
        is_on: Whether it runs at all.
        rows: How many rows the table has, as the planner knows.
        threshold: After how many deleted rows the table is vacuumed.
    """

    is_on: bool
    rows: int
    threshold: int


def list_sqlite_files(instance: dg.DagsterInstance) -> list[Path]:
    """List the files of runs, of the event index and of schedules; empty if the storage is a server."""
    files = []
    for storage in (instance.run_storage, instance.schedule_storage):
        if isinstance(storage, SqliteRunStorage | SqliteScheduleStorage):
            files.append(Path(make_url(storage._conn_string).database or ""))
    if isinstance(instance.event_log_storage, SqliteEventLogStorage):
        files.append(Path(instance.event_log_storage.path_for_shard(INDEX_SHARD_NAME)))
    return files


def read_autovacuum(instance: dg.DagsterInstance) -> Autovacuum | None:
    """Read PostgreSQL's settings of autovacuum; None if the storage is not PostgreSQL."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage) or isinstance(storage, SqliteEventLogStorage):
        return None
    rows = func.greatest(column("reltuples"), 0)
    share = cast(func.current_setting("autovacuum_vacuum_scale_factor"), Float)
    base = cast(func.current_setting("autovacuum_vacuum_threshold"), Float)
    query = select(func.current_setting("autovacuum"), rows, base + share * rows).select_from(
        table("pg_class", column("reltuples"), column("relname"))
    )
    with storage.index_connection() as connection:
        if connection.dialect.name != "postgresql":
            return None
        state, count, threshold = connection.execute(query.where(column("relname") == "event_logs")).one()
    return Autovacuum(state == "on", int(count), int(threshold))


def locate_compute_logs(instance: dg.DagsterInstance) -> Path | None:
    """Return the folder of compute logs; None if they are in a bucket."""
    manager = instance.compute_log_manager
    return Path(manager._base_dir) if isinstance(manager, LocalComputeLogManager) else None


def locate_tick_logs(instance: dg.DagsterInstance) -> Path | None:
    """Return the folder of what ticks of this location log; None if it is in a bucket."""
    logs = locate_compute_logs(instance)
    return logs / SINGLETON_REPOSITORY_NAME if logs else None


def delete_compute_logs(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete the compute logs of a run, in a folder or in a bucket; another process may delete them too."""
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):  # the other process deleted a file that was about to be deleted
            instance.compute_log_manager.delete_logs(prefix=[run_id])
            return
    instance.compute_log_manager.delete_logs(prefix=[run_id])
