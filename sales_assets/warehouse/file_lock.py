"""The advisory lock beside a DuckDB file, which lets one writer in or any number of readers.

DuckDB itself admits one process at a time and gives up on the others. Everything of ours that opens
the file takes this lock first, so that it waits instead; what a stranger's lock means is said in
`duckdb.py`. The kernel frees the lock of a process that dies.
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

PATIENCE_SECONDS = 1800.0
"""How long to wait for others of ours; a range's dbt run may well hold the file for minutes."""


class WarehouseBusyError(UnavailableError):
    """The file stayed locked for as long as we were willing to wait; it may be free later."""


@contextmanager
def locked(
    database: Path, *, exclusive: bool, holder: str, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Hold the lock of a DuckDB file.

    Args:
        database: The DuckDB file; the lock is a file beside it.
        exclusive: To write; otherwise to read beside other readers.
        holder: Who asks, such as a run's id; shown to those who give up waiting.
        patience_seconds: When to give up.

    Raises:
        WarehouseBusyError: Others held it for that long; names the last one that wrote.
    """
    path = database.with_name(f"{database.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock, path.with_suffix(".queue").open("a") as queue:
        waits = pauses(patience_seconds, longest=0.1)
        # Whoever waits for the lock keeps the queue: readers that come later cannot overtake a writer.
        taken = _acquired(queue, fcntl.LOCK_EX, waits)
        taken = taken and _acquired(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, waits)
        fcntl.flock(queue, fcntl.LOCK_UN)
        if not taken:
            message = f"{database} was in use for {patience_seconds:g} s, last written by {_holder(path)}."
            raise WarehouseBusyError(message)
        if exclusive:
            lock.truncate(0)
            lock.write(f"process {os.getpid()}, {holder}")
            lock.flush()
        yield


def pauses(patience_seconds: float, longest: float = 0.5) -> Iterator[float]:
    """Growing, jittered pauses until patience has run out; one at least.

    Args:
        patience_seconds: How long all of them may take.
        longest: How long one may be, in seconds.
    """
    deadline = time.monotonic() + patience_seconds
    pause = 0.01
    while True:
        yield random.uniform(pause / 2, pause)  # noqa: S311 - jitter, not a secret
        pause = min(pause * 1.5, longest)
        if time.monotonic() > deadline:
            return


def _acquired(handle: IO[str], mode: int, waits: Iterator[float]) -> bool:
    """Take a lock, however often it has to be tried; False when the waits are over."""
    while True:
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            pause = next(waits, None)
            if pause is None:
                return False
            time.sleep(pause)
        else:
            return True


def _holder(path: Path) -> str:
    return path.read_text() or "a process that did not say who it is"
