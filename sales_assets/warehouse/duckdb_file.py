"""Opens the DuckDB file: under the lock, waiting for strangers, with errors that say what to do.

What is done with an open connection belongs to `duckdb.py`.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from sales_assets.errors import RefusedError
from sales_assets.warehouse.file_lock import WarehouseBusyError, locked, pauses

STRANGER_PATIENCE_SECONDS = 60.0
"""How long to wait for a program that does not take our lock, such as somebody's DuckDB shell."""


@contextmanager
def opened(
    database: Path,
    *,
    read_only: bool,
    holder: str,
    config: Mapping[str, Any] | None = None,
    stranger_patience_seconds: float = STRANGER_PATIENCE_SECONDS,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse file under its lock, and always close it.

    Args:
        database: The file; made, with its folder, by the first writer.
        read_only: To read beside others; otherwise to write alone.
        holder: Who asks, for those who wait.
        config: DuckDB settings.
        stranger_patience_seconds: How long to wait for programs that do not take the lock.

    Raises:
        RefusedError: The path cannot be written, is no DuckDB file, or does not exist yet for a reader.
        WarehouseBusyError: The file stayed in use.
    """
    with _locked(database, exclusive=not read_only, holder=holder):
        if read_only and not database.exists():
            message = f"There is no warehouse at {database} yet. Materialize an asset first; that makes it."
            raise RefusedError(message)
        with closing(
            _connected(database, read_only, dict(config or {}), stranger_patience_seconds)
        ) as connection:
            yield connection


@contextmanager
def reserved(database: Path, *, holder: str) -> Iterator[None]:
    """Keep everybody else out of the file, for a program that opens it by itself, such as dbt.

    Args:
        database: The file; made, with its folder, if need be.
        holder: Who asks, for those who wait.

    Raises:
        RefusedError: The path cannot be written or is no DuckDB file.
        WarehouseBusyError: The file stayed in use.
    """
    with _locked(database, exclusive=True, holder=holder):
        _connected(database, read_only=False, config={}, patience_seconds=STRANGER_PATIENCE_SECONDS).close()
        yield


@contextmanager
def _locked(database: Path, *, exclusive: bool, holder: str) -> Iterator[None]:
    """The file's lock; an error of whoever holds it is passed on as it is, an OSError too."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(database, exclusive=exclusive, holder=holder))
        except OSError as error:
            message = (
                f"The warehouse {database} cannot be written: {error.strerror}. Nothing was changed. "
                "Set SALES_DUCKDB_PATH to a file in a folder that you may write."
            )
            raise RefusedError(message) from error
        yield


def _connected(
    database: Path, read_only: bool, config: dict[str, Any], patience_seconds: float
) -> duckdb.DuckDBPyConnection:
    for pause in pauses(patience_seconds):
        try:
            return duckdb.connect(database, read_only=read_only, config=config)
        except duckdb.IOException as error:
            reason = " ".join(str(error).split())
            if "Conflicting lock" not in reason:
                message = (
                    f"The warehouse {database} cannot be opened: {reason} Nothing was changed. "
                    "Move the file away, or set SALES_DUCKDB_PATH to another."
                )
                raise RefusedError(message) from error
            time.sleep(pause)
    holder = re.sub(r"^.*?Conflicting lock", "Conflicting lock", reason)
    message = (
        f"The warehouse {database} stayed locked by another program for {patience_seconds:g} s: {holder} "
        "Nothing was changed. Close that program, then run again."
    )
    raise WarehouseBusyError(message)
