"""The laptop's event log: Dagster's SQLite storage, with a batch of events stored in one transaction.

A range of days has thousands of events, and a day has a hundred checks. Dagster's own storage opens, commits
and closes two SQLite files for each, which takes longer than the work on the day. Here the files stay open.
`dagster.yaml` names this class; the files are the same as Dagster's own. What a planned check is, for any
database, is in `planned_checks.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from threading import RLock
from typing import Any

import dagster as dg
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from sqlalchemy import Connection, Engine

from sales_assets.private_apis.event_rows import build_rows
from sales_assets.private_apis.found_tables import TablesFoundOnce
from sales_assets.private_apis.planned_checks import OneRowForEachPlannedCheck, build_planned_check
from sales_assets.private_apis.sqlite_connections import (
    create_lasting_engine,
    create_passing_engine,
    wake_watchers,
)
from sales_assets.settings import set_default

BATCH_SIZE = 1000
"""How many events of one output Dagster collects before it stores them together."""

MOST_RUNS_KEPT_OPEN = 2
"""A process that executes a run writes one; a daemon a little of each."""

STORED_TOGETHER = ASSET_EVENTS - {dg.DagsterEventType.ASSET_FAILED_TO_MATERIALIZE} | {
    dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
}
"""What a batch stores in one transaction; other events, which are few, are left to Dagster's storage."""


class BatchingSqliteEventLogStorage(TablesFoundOnce, OneRowForEachPlannedCheck, SqliteEventLogStorage):
    """Stores the events of a batch together; if that fails, Dagster stores them one by one.

    When an event is stored, the index of all runs is on the disk, as with Dagster. A run's own file outlives
    a killed process; when the machine loses its power, the last seconds of the run's log may be lost.
    """

    def __init__(self, base_dir: str, inst_data: Any = None):
        self._runs: dict[str, Engine] = {}
        self._index: Engine | None = None
        self._shared: Connection | None = None
        super().__init__(base_dir, inst_data)
        self._db_lock = RLock()  # type: ignore[assignment] # of Dagster's, which one thread may take once
        self._index = create_lasting_engine(self.path_for_shard(INDEX_SHARD_NAME), "full")
        # Every process with an instance reads this when it reports events; unset, Dagster makes no batches.
        set_default("DAGSTER_EVENT_BATCH_SIZE", str(BATCH_SIZE))

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "BatchingSqliteEventLogStorage":
        """Build the storage from the config in `dagster.yaml`; the base class would build its own type."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store an event of a run; of an asset, a check or the run itself also in the index."""
        self._keep_open(event.run_id)
        is_of_check = event.dagster_event_type in ASSET_CHECK_EVENTS
        with self._share_index() if is_of_check else nullcontext():
            super().store_event(event)
        wake_watchers(self.path_for_shard(event.run_id))

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store the events of a run; those of assets and checks also in the index of all runs.

        A run begins with a batch of all assets and checks that it intends to make.
        """
        together = [event for event in events if event.dagster_event_type in STORED_TOGETHER]
        if together:
            self._store_together(together)
        for event in events:
            if event.dagster_event_type not in STORED_TOGETHER:
                self.store_event(event)

    def _store_together(self, events: Sequence[dg.EventLogEntry]) -> None:
        run_id = events[0].run_id
        self._keep_open(run_id)
        rows = store_in_index(self, events)
        with self.run_connection(run_id) as run:
            run.execute(SqlEventLogStorageTable.insert(), rows)
        wake_watchers(self.path_for_shard(run_id))

    def wipe(self) -> None:
        """Delete all events."""
        self._close_runs(list(self._runs))
        super().wipe()

    def dispose(self) -> None:
        """Close the files; they open again when they are used."""
        self._close_runs(list(self._runs))
        if self._index:
            self._index.dispose()
        super().dispose()

    def _keep_open(self, run_id: str) -> None:
        with self._db_lock:
            if run_id not in self._runs:
                self._runs[run_id] = create_lasting_engine(self.path_for_shard(run_id), "normal")
        self._close_runs(list(self._runs)[:-MOST_RUNS_KEPT_OPEN])

    def _close_runs(self, run_ids: Sequence[str]) -> None:
        with self._db_lock:
            for run_id in run_ids:
                if engine := self._runs.pop(run_id, None):
                    engine.dispose()

    @contextmanager
    def _share_index(self) -> Iterator[None]:
        """Let the index take what is stored meanwhile in one transaction: Dagster has two for a check."""
        with self._connect(INDEX_SHARD_NAME) as connection:
            self._shared = connection
            try:
                yield
            finally:
                self._shared = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """Use the file's open connection, or one of its own, as the base class does."""
        with self._db_lock:
            if self._shared is not None and shard == INDEX_SHARD_NAME:
                yield self._shared
                return
            passing = create_passing_engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(passing)
                self._initialized_dbs.add(shard)
            lasting = self._index if shard == INDEX_SHARD_NAME else self._runs.get(shard)
            with (lasting or passing).connect() as connection, connection.begin():
                yield connection


def store_in_index(
    storage: SqlEventLogStorage, events: Sequence[dg.EventLogEntry]
) -> Sequence[dict[str, Any]]:
    """Store events of assets and planned checks in the index of all runs, in one transaction.

    Args:
        storage: An event log in a database that returns the ids of new rows.
        events: Of types that are stored together.

    Returns:
        The rows that were stored.
    """
    rows = build_rows(storage, events)
    with storage.index_transaction() as index:
        returning = SqlEventLogStorageTable.insert().returning(
            SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
        )
        ids = [row[0] for row in index.execute(returning, rows)]
        of_assets = [i for i, event in enumerate(events) if event.dagster_event_type in ASSET_EVENTS]
        if of_assets:
            storage._store_asset_event_tags(
                index, [events[i] for i in of_assets], [ids[i] for i in of_assets]
            )
        latest = {events[i].get_dagster_event().asset_key: i for i in of_assets}
        for i in latest.values():
            storage._store_asset_event(index, events[i], ids[i])
        checks = [
            build_planned_check(event, id_, row)
            for event, row, id_ in zip(events, rows, ids, strict=True)
            if event.dagster_event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
        ]
        if checks:
            index.execute(AssetCheckExecutionsTable.insert(), checks)
    return rows
