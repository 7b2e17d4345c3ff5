"""SQLite connections that stay open, and passing ones.

When a file's last connection is closed, SQLite brings its log into it, which takes twice as long as the
transaction before; Dagster opens and closes one for each. Which files stay open is decided in `event_log.py`.
"""

import os
import sqlite3
from contextlib import suppress
from functools import lru_cache

from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool, StaticPool


@lru_cache(maxsize=16)
def create_passing_engine(url: str) -> Engine:
    """Create an engine without a pool: it keeps no connection open, only the SQL that it compiled."""
    return create_engine(url, poolclass=NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})


def create_lasting_engine(path: str, synchronous: str) -> Engine:
    """Create an engine that keeps one connection open; its user sees to it that one thread at a time has it.

    Args:
        path: The file, with a write-ahead log.
        synchronous: `full`: what is committed is on the disk. `normal`: the operating system has it, so it is
            there after a killed process; a machine that loses its power may lose the last seconds.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS, check_same_thread=False)
        connection.execute(f"pragma synchronous = {synchronous}")
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=StaticPool)


def wake_watchers(path: str) -> None:
    """Tell those who watch a file that it has news; commits only change the log beside it.

    Args:
        path: The file; it may be deleted meanwhile.
    """
    with suppress(FileNotFoundError):
        os.utime(path)
