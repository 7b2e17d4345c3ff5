"""Dagster's instances, without what costs a test most of its time.

Dagster's storages in memory create and index some twenty tables for each instance, compile their SQL anew,
and open a connection for each event. These copy an empty database, share the compiled SQL, and keep their
connection; a batch of events is stored in one transaction, as on a laptop. Instances in files begin as copies
too. And a process loads the scripts of all migrations once, not for each storage.
"""

import logging
import shutil
import sqlite3
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.event_api import EventLogCursor
from dagster._core.storage import event_log, runs
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.runs import InMemoryRunStorage
from sqlalchemy import Connection, Engine
from sqlalchemy.pool import StaticPool

from sales_assets.private_apis.event_log import (
    STORED_TOGETHER,
    BatchingSqliteEventLogStorage,
    store_in_index,
)

_EMPTY: dict[type, Any] = {}
"""A storage of each type as Dagster makes it, whose tables are copied."""


def close_empty_instances() -> None:
    """Close what is copied; what is left at the end of a process, DuckDB reports on stderr."""
    for storage in _EMPTY.values():
        storage._held_conn.close()
        storage._engine.dispose()
    _EMPTY.clear()


def _copy_empty(storage: type[InMemoryEventLogStorage | InMemoryRunStorage]) -> Engine:
    """Return an engine with the only connection to a new database with the storage's tables."""
    if storage not in _EMPTY:
        _EMPTY[storage] = storage()
    empty = _EMPTY[storage]
    database = sqlite3.connect(":memory:", check_same_thread=False)
    empty._held_conn.connection.dbapi_connection.backup(database)
    database.execute("pragma foreign_keys = on")
    engine = Engine(StaticPool(lambda: database), empty._engine.dialect, empty._engine.url)  # type: ignore[arg-type]
    engine._compiled_cache = empty._engine._compiled_cache
    return engine


@contextmanager
def stored_instance(folder: Path) -> Iterator[dg.DagsterInstance]:
    """Yield an instance in files, which others can load too, with the event log of a laptop's."""
    shutil.copytree(_make_empty_files().name, folder, dirs_exist_ok=True)
    with dg.instance_for_test(temp_dir=str(folder), overrides=_name_event_log(folder)) as instance:
        yield instance


def _name_event_log(folder: Path) -> dict[str, Any]:
    log = BatchingSqliteEventLogStorage
    config = {"base_dir": str(folder / "history" / "runs")}
    return {"event_log_storage": {"module": log.__module__, "class": log.__name__, "config": config}}


@cache
def _make_empty_files() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="sales-", ignore_cleanup_errors=True)
    log = _name_event_log(Path(folder.name))
    with dg.instance_for_test(temp_dir=folder.name, overrides=log) as instance:
        instance.all_instigator_state()
        instance.all_asset_keys()
    return folder


class QuickRunStorage(InMemoryRunStorage):
    """Runs in memory, on one connection, which one thread at a time has."""

    def __init__(self, preload: Sequence[Any] | None = None) -> None:
        assert not preload
        self._engine = _copy_empty(InMemoryRunStorage)
        self._held_conn = self._engine.connect()
        self._lock = threading.RLock()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Use the connection for a transaction."""
        with self._lock, self._engine.begin() as connection:
            yield connection


class QuickEventLogStorage(InMemoryEventLogStorage):
    """An event log in memory that keeps its connection, and stores batches."""

    def __init__(self, inst_data: Any = None, preload: Sequence[Any] | None = None) -> None:
        assert not preload
        self._inst_data = inst_data
        self._engine = _copy_empty(InMemoryEventLogStorage)
        self._held_conn = self._engine.connect()
        self._handlers = defaultdict(set)
        self._storage_id = 0
        self._db_lock = threading.Lock()

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
    """Have Dagster use these storages for each instance in memory, and load the migrations once."""
    event_log.InMemoryEventLogStorage = QuickEventLogStorage  # type: ignore[misc]
    runs.InMemoryRunStorage = QuickRunStorage  # type: ignore[misc]
    load = ScriptDirectory.from_config
    loaded: dict[str, ScriptDirectory] = {}

    def load_once(config: Config) -> ScriptDirectory:
        where = str(config.get_main_option("script_location"))
        return loaded.setdefault(where, loaded.get(where) or load(config))

    ScriptDirectory.from_config = load_once  # type: ignore[method-assign]
