"""Dagster's instances, without what costs a test most of its time.

Dagster's event log in memory opens a connection for each event and stores the events that plan a run, a
hundred, one by one. This one keeps its connection and stores a batch in one transaction, as the laptop does.
And each new storage loads the scripts of all migrations; here a process loads them once.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.event_api import EventLogCursor
from dagster._core.storage import event_log
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import StaticPool

from sales_assets.private_apis.event_log import STORED_TOGETHER, store_in_index


class QuickEventLogStorage(InMemoryEventLogStorage):
    """An event log in memory that keeps its connection, and stores batches."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._engine = create_engine(
            self._engine.url, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        with self._connect() as connection:
            connection.execute(text("PRAGMA foreign_keys=ON"))

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self._db_lock, self._engine.begin() as connection:
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the schema has a table; asking the only connection would end its transaction."""
        return table_name in SqlEventLogStorageMetadata.tables

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events together, and tell each to those who watch their run."""
        if any(event.dagster_event_type not in STORED_TOGETHER for event in events):
            super().store_event_batch(events)
            return
        store_in_index(self, events)
        for event in events:
            self._storage_id += 1
            for handler in list(self._handlers[event.run_id]):
                try:
                    handler(event, str(EventLogCursor.from_storage_id(self._storage_id)))
                except Exception:
                    logging.exception("A watcher of run %s failed.", event.run_id)


def make_instances_quick() -> None:
    """Have Dagster use this event log for each instance in memory, and load the migrations once."""
    event_log.InMemoryEventLogStorage = QuickEventLogStorage  # type: ignore[misc]
    load = ScriptDirectory.from_config
    loaded: dict[str, ScriptDirectory] = {}

    def load_once(config: Config) -> ScriptDirectory:
        where = str(config.get_main_option("script_location"))
        return loaded.setdefault(where, loaded.get(where) or load(config))

    ScriptDirectory.from_config = load_once  # type: ignore[method-assign]
