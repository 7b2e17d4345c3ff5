"""Processes that outlive the one that started them: how the local servers are started and stopped.

What is served, and how a running server is found, belongs to each stand-in.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sales_assets.settings import ROOT

_PATIENCE_SECONDS = 60.0
_HEED_SECONDS = 5.0

Found = TypeVar("Found")


def started(
    module: str, arguments: Sequence[str], log: Path, find: Callable[[], Found | None]
) -> Found | None:
    """Start a module of ours, and wait until it is ready.

    Args:
        module: Its name, as for `python -m`.
        arguments: What it is given.
        log: Where it writes, anew.
        find: Looks for it; None while it is not ready.

    Returns:
        What was found; None if it ended, or took more than a minute.
    """
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-W", "ignore", "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.05)
    return None


def stop(process: int, find: Callable[[], object | None]) -> None:
    """End a server, and wait until it is gone; one that does not heed is killed.

    A server inherits what its starter ignores: one that was started under `nohup` may ignore SIGTERM.

    Args:
        process: Its number.
        find: Looks for it; None when it is gone.
    """
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + _HEED_SECONDS
    while find() and time.monotonic() < deadline:
        time.sleep(0.05)
    if find():
        os.kill(process, signal.SIGKILL)
    while find():
        time.sleep(0.05)


@contextmanager
def exclusively(data_dir: Path) -> Iterator[None]:
    """Let one process at a time start, stop or fill the server of a folder."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with data_dir.with_name(f"{data_dir.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
