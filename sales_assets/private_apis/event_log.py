"""The laptop's event log: Dagster's on SQLite, with the events of a batch stored in one transaction.

A range of days has thousands of events. Stock, each opens, commits and closes two SQLite files, which takes
14 ms: longer than the work on its day. `dagster.yaml` names the class; the files are those of the stock one.
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

from sales_assets.settings import set_default

BATCH_SIZE = 1000
"""Events of one output that Dagster keeps until it stores them together."""


class BatchingSqliteEventLogStorage(SqliteEventLogStorage):
    """Stores the asset events of a batch together; if that fails, Dagster stores them one by one."""

    def __init__(self, base_dir: str, inst_data: Any = None):
        super().__init__(base_dir, inst_data)
        # Every process that has the instance reads this when it reports events; without it no batches.
        set_default("DAGSTER_EVENT_BATCH_SIZE", str(BATCH_SIZE))

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "BatchingSqliteEventLogStorage":
        """Called by Dagster with what `dagster.yaml` says; the stock one makes a stock one of it."""
        return cls(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store the events of a run, those of assets also in the index of all runs, as the stock one does."""
        of_assets = [event for event in events if event.dagster_event_type in ASSET_EVENTS]
        rows = [self._event_to_row(event) for event in of_assets]
        insert = SqlEventLogStorageTable.insert()
        if rows:
            with self.index_transaction() as index:
                returning = insert.returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
                ids = [row[0] for row in index.execute(returning, rows)]
                self._store_asset_event_tags(index, of_assets, ids)
                latest = {event.get_dagster_event().asset_key: i for i, event in enumerate(of_assets)}
                for i in latest.values():
                    self._store_asset_event(index, of_assets[i], ids[i])
            with self.run_connection(of_assets[0].run_id) as run:
                run.execute(insert, rows)
        for event in events:
            if event.dagster_event_type not in ASSET_EVENTS:
                self.store_event(event)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """A connection of its own to a file, as the stock one's; but what SQL was compiled to is kept."""
        with self._db_lock:
            engine = _engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection


@lru_cache(maxsize=16)
def _engine(url: str) -> Engine:
    """An engine without a pool: it holds no connection, only what it has compiled."""
    return create_engine(url, poolclass=NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
