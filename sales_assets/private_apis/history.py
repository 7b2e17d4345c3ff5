"""Dagster's tables of runs, events, checks and backfills: what the latest records are, and deleting old ones.

Dagster's own `delete_run` leaves the evaluations of checks, the run's SQLite file and, if it is killed,
events without a run. What may be deleted is decided in `operations/retention/`.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionsFilter
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.runs.schema import BackfillTagsTable, BulkActionsTable, RunsTable, RunTagsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._core.storage.tags import BACKFILL_ID_TAG, PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG
from sqlalchemy import Connection, Select, delete, func, select

_NO_RUN = ""
"""The run of events that no run reported: those of sensors, of people and of freshness."""

_EVENTS, _CHECKS, _RUNS = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c, RunsTable.c
_TAGS, _BACKFILLS = RunTagsTable.c, BulkActionsTable.c


def list_latest_runs(instance: dg.DagsterInstance) -> set[str]:
    """List the runs that hold the latest record of something; the catalog's state is read from those.

    That is the latest event of each type for each partition of each asset, so also a failure after the last
    success, and the latest evaluation of each check and partition with each outcome.
    """
    keys = (_CHECKS.asset_key, _CHECKS.check_name, _CHECKS.partition, _CHECKS.execution_status)
    latest_checks = select(func.max(_CHECKS.id)).group_by(*keys)
    with _open_events(instance) as events:
        of_events = events.execute(
            select(_EVENTS.run_id).distinct().where(_EVENTS.id.in_(_select_latest_events()))
        )
        found = {str(run_id) for (run_id,) in of_events}
        of_checks = events.execute(select(_CHECKS.run_id).distinct().where(_CHECKS.id.in_(latest_checks)))
        return found | {str(run_id) for (run_id,) in of_checks}


def list_ancestors(instance: dg.DagsterInstance) -> list[tuple[str, str]]:
    """List each re-executed run with its root and its parent, without which the UI cannot show it."""
    is_link = _TAGS.key.in_([ROOT_RUN_ID_TAG, PARENT_RUN_ID_TAG])
    with _open_runs(instance) as runs:
        rows = runs.execute(select(_TAGS.run_id, _TAGS.value).where(is_link))
        return [(str(run_id), str(ancestor)) for run_id, ancestor in rows]


def measure_run_bytes(instance: dg.DagsterInstance, run_ids: Collection[str]) -> int:
    """Return how many bytes the records of some runs take, without the database's indexes."""
    with _open_runs(instance) as runs:
        bodies = runs.execute(
            select(func.sum(func.length(_RUNS.run_body))).where(_RUNS.run_id.in_(run_ids))
        ).scalar()
    with _open_events(instance) as events:
        texts = events.execute(
            select(func.sum(func.length(_EVENTS.event))).where(_EVENTS.run_id.in_(run_ids))
        ).scalar()
    files = [path for run_id in run_ids for path in _list_files(instance, run_id) if path.exists()]
    return int(bodies or 0) + int(texts or 0) + sum(path.stat().st_size for path in files)


def delete_runs(instance: dg.DagsterInstance, run_ids: Collection[str]) -> None:
    """Delete runs with everything that is recorded of them, the runs themselves last.

    If it is killed, the runs are still listed, and deleting them again deletes the rest.
    """
    storage = _get_event_storage(instance)
    of_runs = select(_EVENTS.id).where(_EVENTS.run_id.in_(run_ids))
    with storage.index_transaction() as events:
        events.execute(delete(AssetEventTagsTable).where(AssetEventTagsTable.c.event_id.in_(of_runs)))
        events.execute(delete(AssetCheckExecutionsTable).where(_CHECKS.run_id.in_(run_ids)))
        events.execute(delete(SqlEventLogStorageTable).where(_EVENTS.run_id.in_(run_ids)))
    for run_id in run_ids:
        for path in _list_files(instance, run_id):
            path.unlink(missing_ok=True)
        if storage.supports_global_concurrency_limits:
            storage.free_concurrency_slots_for_run(run_id)
        instance.run_storage.delete_run(run_id)


def list_runless_events(
    instance: dg.DagsterInstance, before: datetime, observed: Collection[dg.AssetKey]
) -> dict[int, int]:
    """List old events that no run reported, such as those of Airbyte's syncs, except the latest of each kind.

    Args:
        instance: Has the events.
        before: The time.
        observed: Assets whose observations are not listed, however old.

    Returns:
        The size in bytes by the event's ID.
    """
    old = (_EVENTS.run_id == _NO_RUN) & (_EVENTS.timestamp < before.astimezone(UTC).replace(tzinfo=None))
    is_observed = func.coalesce(_EVENTS.asset_key, "").in_([key.to_string() for key in observed]) & (
        func.coalesce(_EVENTS.dagster_event_type, "") == dg.DagsterEventType.ASSET_OBSERVATION.value
    )
    with _open_events(instance) as events:
        latest = set(events.execute(_select_latest_events()).scalars())
        rows = events.execute(select(_EVENTS.id, func.length(_EVENTS.event)).where(old & ~is_observed))
        return {int(id_): int(size) for id_, size in rows if id_ not in latest}


def delete_events(instance: dg.DagsterInstance, ids: Sequence[int]) -> None:
    """Delete events with their tags."""
    with _get_event_storage(instance).index_transaction() as events:
        events.execute(delete(AssetEventTagsTable).where(AssetEventTagsTable.c.event_id.in_(ids)))
        events.execute(delete(SqlEventLogStorageTable).where(_EVENTS.id.in_(ids)))


def list_old_backfills(
    instance: dg.DagsterInstance, before: datetime, without: Collection[str]
) -> dict[str, int]:
    """List backfills that ended, were requested before a time, and have no run any more.

    Args:
        instance: Has the backfills.
        before: The time.
        without: Runs that do not count, because they are to be deleted.

    Returns:
        The size of the record in bytes by the backfill's ID.
    """
    filters = BulkActionsFilter(statuses=list(set(BULK_ACTION_TERMINAL_STATUSES)), created_before=before)
    ids = [backfill.backfill_id for backfill in instance.get_backfills(filters)]
    with _open_runs(instance) as runs:
        rows = runs.execute(select(_TAGS.value, _TAGS.run_id).where(_TAGS.key == BACKFILL_ID_TAG))
        read = {str(backfill) for backfill, run_id in rows if run_id not in without}
        sizes = runs.execute(select(_BACKFILLS.key, func.length(_BACKFILLS.body)))
        return {key: int(size or 0) for key, size in sizes if key in set(ids) - read}


def delete_backfills(instance: dg.DagsterInstance, ids: Collection[str]) -> None:
    """Delete the records of backfills with their tags."""
    with _open_runs(instance) as runs:
        runs.execute(delete(BackfillTagsTable).where(BackfillTagsTable.c.backfill_id.in_(ids)))
        runs.execute(delete(BulkActionsTable).where(_BACKFILLS.key.in_(ids)))


def _select_latest_events() -> Select[tuple[int]]:
    """The ID of the latest event of each type for each partition of each asset."""
    keys = (_EVENTS.asset_key, _EVENTS.dagster_event_type, _EVENTS.partition)
    return select(func.max(_EVENTS.id)).where(_EVENTS.asset_key.is_not(None)).group_by(*keys)


def _list_files(instance: dg.DagsterInstance, run_id: str) -> list[Path]:
    """The files of a run's events on SQLite, whether they exist or not; none on a server."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return []
    database = storage.path_for_shard(run_id)
    return [Path(f"{database}{suffix}") for suffix in ("", "-wal", "-shm")]


def _get_event_storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        message = f"The event log {type(storage).__name__} has no tables. No stored data was changed."
        raise dg.DagsterInvariantViolationError(message)
    return storage


@contextmanager
def _open_events(instance: dg.DagsterInstance) -> Iterator[Connection]:
    with _get_event_storage(instance).index_connection() as connection:
        yield connection


@contextmanager
def _open_runs(instance: dg.DagsterInstance) -> Iterator[Connection]:
    storage = instance.run_storage
    if not isinstance(storage, SqlRunStorage):
        message = f"The run storage {type(storage).__name__} has no tables. No stored data was changed."
        raise dg.DagsterInvariantViolationError(message)
    with storage.connect() as connection:
        yield connection
