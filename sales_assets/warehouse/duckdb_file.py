"""Opens the DuckDB file: takes the lock, waits for other programs, and explains what to do on an error.

The statements for an open connection are in `duckdb.py`.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from sales_assets.errors import RefusedError
from sales_assets.private_apis.interruptions import pass_on_interruptions
from sales_assets.warehouse.duckdb_errors import translate_errors
from sales_assets.warehouse.file_lock import WarehouseBusyError, backoff_pauses, lock_database

FOREIGN_LOCK_TIMEOUT_SECONDS = 60.0
"""How long to wait for a program that does not take our lock, such as a DuckDB shell."""

WRITER_MEMORY, READER_MEMORY = "256MB", "128MB"
"""Beyond it DuckDB writes a transaction's rows, or those that a query sorts, to files; its default is most
of the machine's memory. A reader keeps what it has scanned, up to its limit, which is dbt's, too."""


@contextmanager
def open_database(
    database: Path,
    *,
    read_only: bool,
    caller: str,
    config: Mapping[str, Any] | None = None,
    foreign_lock_timeout_seconds: float = FOREIGN_LOCK_TIMEOUT_SECONDS,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse file under its lock, and always close it. A signal cancels its queries.

    Args:
        database: The file; the first writer creates it, with its folder.
        read_only: Whether to read beside other readers; a writer has the file to itself.
        caller: Identifies the caller to others that wait.
        config: DuckDB settings.
        foreign_lock_timeout_seconds: How long to wait for programs that do not take the lock.

    Raises:
        RefusedError: The path is not writable or not a DuckDB file, or a reader's file does not exist yet.
        WarehouseBusyError: The file stayed in use.
    """
    with _hold_lock(database, exclusive=not read_only, caller=caller):
        if read_only and not database.exists():
            message = (
                f"The warehouse {database} does not exist yet. No stored data was changed. "
                "Materialize an asset first; that creates it."
            )
            raise RefusedError(message)
        connection = _connect(database, read_only, dict(config or {}), foreign_lock_timeout_seconds)
        with (
            closing(connection),
            translate_errors(database),
            pass_on_interruptions(connection.interrupt),
        ):
            yield connection


@contextmanager
def reserve_database(database: Path, *, caller: str) -> Iterator[None]:
    """Keep our other readers and writers out of the file while a library, such as dbt, opens it.

    Args:
        database: The file; created if it does not exist, with its folder.
        caller: Identifies the caller to others that wait.

    Raises:
        RefusedError: The path is not writable or not a DuckDB file.
        WarehouseBusyError: The file stayed in use.
    """
    with _hold_lock(database, exclusive=True, caller=caller):
        _connect(database, read_only=False, config={}, timeout_seconds=FOREIGN_LOCK_TIMEOUT_SECONDS).close()
        yield


@contextmanager
def _hold_lock(database: Path, *, exclusive: bool, caller: str) -> Iterator[None]:
    """Hold the file's lock. Only an OSError of taking it is translated, not one of the body."""
    with ExitStack() as stack:
        try:
            stack.enter_context(lock_database(database, exclusive=exclusive, caller=caller))
        except OSError as error:
            message = (
                f"The warehouse {database} is not writable: {error.strerror}. No stored data was changed. "
                "Set SALES_DUCKDB_PATH to a file in a folder that you may write."
            )
            raise RefusedError(message) from error
        yield


def _connect(
    database: Path, read_only: bool, config: dict[str, Any], timeout_seconds: float
) -> duckdb.DuckDBPyConnection:
    for pause in backoff_pauses(timeout_seconds):
        try:
            connection = duckdb.connect(database, read_only=read_only, config=config)
            if "memory_limit" not in config:
                limit = READER_MEMORY if read_only else WRITER_MEMORY
                connection.execute(f"set memory_limit = '{limit}'")
            return connection
        except duckdb.IOException as error:
            reason = " ".join(str(error).split())
            if "Conflicting lock" not in reason:
                message = (
                    f"The warehouse {database} could not be opened: {reason} No stored data was changed. "
                    "Move the file away, or set SALES_DUCKDB_PATH to another."
                )
                raise RefusedError(message) from error
            time.sleep(pause)
    conflict = re.sub(r"^.*?Conflicting lock", "Conflicting lock", reason)
    message = (
        f"The warehouse {database} stayed locked by another program for {timeout_seconds:g} s: {conflict} "
        "No stored data was changed. Close that program, then run again."
    )
    raise WarehouseBusyError(message)
