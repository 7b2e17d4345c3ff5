"""The advisory lock beside a DuckDB file, held by one writer or by any number of readers.

DuckDB itself admits one process at a time and fails in the others. All code of this package that opens
the file takes this lock first, so that it waits instead; `duckdb_file.py` deals with programs that do not
take it. The kernel releases the lock of a process that dies.
"""

import fcntl
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import dagster as dg

from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.settings import FolderError, make_private_folder
from sales_assets.warehouse.lock_holder import LockHolder, locate_lock, read_holder

LOCK_TIMEOUT_SECONDS = 1800.0
"""How long to wait for the lock; dbt may hold the file for minutes when it builds a range."""

WAITING = "Waiting for the warehouse's lock"
"""How the message of a run that waits begins."""

FIRST_NOTICE_SECONDS = 2.0
NEXT_NOTICE_SECONDS = 10.0
"""When a run that waits says so, and when it says so again."""


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
        caller: Identifies the caller, such as a run's id, to others that wait.
        timeout_seconds: How long to wait.

    Raises:
        WarehouseBusyError: The wait timed out; names the writer.
        RefusedError: The file's folder cannot be made.
    """
    path = locate_lock(database)
    try:
        make_private_folder(path.parent)
    except FolderError as error:
        raise RefusedError(str(error)) from None
    with path.open("a+") as lock, path.with_suffix(".queue").open("a") as queue:
        pauses = _Notices(database).say_during(backoff_pauses(timeout_seconds, longest=0.1))
        # A process that waits for the lock keeps the queue: readers that come later cannot overtake a writer.
        acquired = _acquire(queue, fcntl.LOCK_EX, pauses)
        acquired = acquired and _acquire(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, pauses)
        fcntl.flock(queue, fcntl.LOCK_UN)
        if not acquired:
            message = (
                f"Timed out after {timeout_seconds:g} s waiting for the lock on {database}, held by "
                f"{_describe_holder(database)}. No stored data was changed. Run again when it has finished."
            )
            raise WarehouseBusyError(message)
        with _record_writer(lock, caller) if exclusive else nullcontext():
            yield


def is_held_by_writer(database: Path) -> bool:
    """Whether a process holds the lock for writing; False if its file does not exist."""
    path = locate_lock(database)
    if not path.exists():
        return False
    with path.open("a+") as lock:
        return not _acquire(lock, fcntl.LOCK_SH, iter(()))


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


@contextmanager
def _record_writer(lock: IO[str], caller: str) -> Iterator[None]:
    lock.truncate(0)
    lock.write(LockHolder.of_this_process(caller).format())
    lock.flush()
    try:
        yield
    finally:
        lock.truncate(0)


@dataclass
class _Notices:
    """What a run that waits says in its log: for whom it waits, and since when that one has the lock."""

    database: Path
    began: float = field(default_factory=time.monotonic)

    def say_during(self, pauses: Iterator[float]) -> Iterator[float]:
        """Yield the pauses, and say after the first seconds, and again and again, that the run waits."""
        due = self.began + FIRST_NOTICE_SECONDS
        for pause in pauses:
            now = time.monotonic()
            if now >= due:
                due = now + NEXT_NOTICE_SECONDS
                holder = _describe_holder(self.database)
                sentence = f"{WAITING} for {now - self.began:.0f} s. It is held by {holder}."
                dg.get_dagster_logger().warning(sentence)
            yield pause


def _describe_holder(database: Path) -> str:
    holder = read_holder(database)
    if holder is None:
        return "readers"
    return str(holder) if holder.process.is_alive() else f"{holder}, which has ended, or by readers after it"
