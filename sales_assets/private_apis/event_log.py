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
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from sales_assets.private_apis.planned_checks import OneRowForEachPlannedCheck
from sales_assets.settings import set_default

BATCH_SIZE = 1000
"""How many events of one output Dagster collects before it stores them together."""


class BatchingSqliteEventLogStorage(OneRowForEachPlannedCheck, SqliteEventLogStorage):
    """Stores the asset events of a batch together; if that fails, Dagster stores them one by one."""

    def __init__(self, base_dir: str, inst_data: Any = None):
        super().__init__(base_dir, inst_data)
        # Every process with an instance reads this when it reports events; unset, Dagster makes no batches.
        set_default("DAGSTER_EVENT_BATCH_SIZE", str(BATCH_SIZE))

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "BatchingSqliteEventLogStorage":
        """Build the storage from the config in `dagster.yaml`; the base class would build its own type."""
        return cls(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store the events of a run; asset events also in the index of all runs, as the base class does."""
        of_assets = [event for event in events if event.dagster_event_type in ASSET_EVENTS]
        if of_assets:
            self._store_asset_events(of_assets)
        for event in events:
            if event.dagster_event_type not in ASSET_EVENTS:
                self.store_event(event)

    def _store_asset_events(self, events: Sequence[dg.EventLogEntry]) -> None:
        rows = [self._event_to_row(event) for event in events]
        insert = SqlEventLogStorageTable.insert()
        with self.index_transaction() as index:
            returning = insert.returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
            ids = [row[0] for row in index.execute(returning, rows)]
            self._store_asset_event_tags(index, events, ids)
            latest = {event.get_dagster_event().asset_key: i for i, event in enumerate(events)}
            for i in latest.values():
                self._store_asset_event(index, events[i], ids[i])
        with self.run_connection(events[0].run_id) as run:
            run.execute(insert, rows)

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


@lru_cache(maxsize=16)
def _create_engine(url: str) -> Engine:
    """Create an engine without a pool: it keeps no connection open, only the SQL that it compiled."""
    return create_engine(url, poolclass=NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
