"""The laptop's event log: Dagster's SQLite storage, with a batch of events stored in one transaction.

A range of days has thousands of events. Dagster's own storage opens, commits and closes two SQLite files for
each, which takes 14 ms: longer than the work on its day. `dagster.yaml` names this class; the files are the
same as Dagster's own. What a planned check is, for any database, is in `planned_checks.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import dagster as dg
from dagster._core.events import ASSET_EVENTS
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from sales_assets.private_apis.planned_checks import OneRowForEachPlannedCheck, build_planned_check
from sales_assets.settings import set_default

BATCH_SIZE = 1000
"""How many events of one output Dagster collects before it stores them together."""


STORED_TOGETHER = {*ASSET_EVENTS, dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED}
"""What a batch stores in one transaction; other events, which are few, are stored one by one."""


class BatchingSqliteEventLogStorage(OneRowForEachPlannedCheck, SqliteEventLogStorage):
    """Stores the events of a batch together; if that fails, Dagster stores them one by one."""

    def __init__(self, base_dir: str, inst_data: Any = None):
        super().__init__(base_dir, inst_data)
        # Every process with an instance reads this when it reports events; unset, Dagster makes no batches.
        set_default("DAGSTER_EVENT_BATCH_SIZE", str(BATCH_SIZE))

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "BatchingSqliteEventLogStorage":
        """Build the storage from the config in `dagster.yaml`; the base class would build its own type."""
        return cls(inst_data=inst_data, **config_value)

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
        rows = store_in_index(self, events)
        with self.run_connection(events[0].run_id) as run:
            run.execute(SqlEventLogStorageTable.insert(), rows)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """Open a connection of its own to a file, as the base class does, but keep the compiled SQL."""
        with self._db_lock:
            engine = _create_engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
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
    rows = [storage._event_to_row(event) for event in events]
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


@lru_cache(maxsize=16)
def _create_engine(url: str) -> Engine:
    """Create an engine without a pool: it keeps no connection open, only the SQL that it compiled."""
    return create_engine(url, poolclass=NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
