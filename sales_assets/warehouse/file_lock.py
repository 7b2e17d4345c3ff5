"""The advisory lock beside a DuckDB file, held by one writer or by any number of readers.

DuckDB itself admits one process at a time and fails in the others. All code of this package that opens
the file takes this lock first, so that it waits instead; `duckdb_file.py` deals with programs that do not
take it. The kernel releases the lock of a process that dies.
"""

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sales_assets.errors import UnavailableError
from sales_assets.settings import make_private_folder

LOCK_TIMEOUT_SECONDS = 1800.0
"""How long to wait for the lock; dbt may hold the file for minutes when it builds a range."""


class WarehouseBusyError(UnavailableError):
    """Others used the file until the timeout; it may be free later."""


@contextmanager
def lock_database(
    database: Path, *, exclusive: bool, caller: str, timeout_seconds: float = LOCK_TIMEOUT_SECONDS
) -> Iterator[None]:
    """Hold the lock of a DuckDB file.

    Args:
        database: The DuckDB file; the lock is a file beside it.
        exclusive: Whether to write; readers share the lock.
        caller: Identifies the caller, such as a run's id, to others whose wait times out.
        timeout_seconds: How long to wait.

    Raises:
        WarehouseBusyError: The wait timed out; names the last writer.
    """
    path = database.with_name(f"{database.name}.lock")
    make_private_folder(path.parent)
    with path.open("a+") as lock, path.with_suffix(".queue").open("a") as queue:
        pauses = backoff_pauses(timeout_seconds, longest=0.1)
        # A process that waits for the lock keeps the queue: readers that come later cannot overtake a writer.
        acquired = _acquire(queue, fcntl.LOCK_EX, pauses)
        acquired = acquired and _acquire(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, pauses)
        fcntl.flock(queue, fcntl.LOCK_UN)
        if not acquired:
            message = (
                f"Timed out after {timeout_seconds:g} s waiting for the lock on {database}; last writer: "
                f"{_read_last_writer(path)}. No stored data was changed. Run again when it has finished."
            )
            raise WarehouseBusyError(message)
        if exclusive:
            lock.truncate(0)
            lock.write(f"process {os.getpid()}, {caller}")
            lock.flush()
        yield


def backoff_pauses(timeout_seconds: float, longest: float = 0.5) -> Iterator[float]:
    """Yield growing, jittered pauses until the timeout, at least one.

    Args:
        timeout_seconds: How long all of them may take.
        longest: How long one may be, in seconds.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = 0.01
    while True:
        yield random.uniform(pause / 2, pause)  # noqa: S311 - jitter, not a secret
        pause = min(pause * 1.5, longest)
        if time.monotonic() > deadline:
            return


def _acquire(handle: IO[str], mode: int, pauses: Iterator[float]) -> bool:
    """Take a lock, retrying after each pause; returns False when the pauses are over."""
    while True:
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            pause = next(pauses, None)
            if pause is None:
                return False
            time.sleep(pause)
        else:
            return True


def _read_last_writer(path: Path) -> str:
    return path.read_text() or "unknown"
