"""Starts and stops local servers as background processes, which outlive the process that started them.

What a server serves, and how a running one is found, belongs to the server's own package.
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

from sales_assets.settings import ROOT, make_private_folder

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.05

_Server = TypeVar("_Server")


def start_module(
    module: str, arguments: Sequence[str], log: Path, find: Callable[[], _Server | None]
) -> _Server | None:
    """Start a module of this package in the background, and wait until it is ready.

    Args:
        module: Its name, as for `python -m`.
        arguments: Its command line.
        log: The file for its output; overwritten.
        find: Returns the server, or None while it is not ready.

    Returns:
        What `find` returned; None if the process ended, or took more than a minute.
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
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if server := find():
            return server
        time.sleep(_POLL_SECONDS)
    return None


def stop_process(pid: int, find: Callable[[], object | None]) -> None:
    """Stop a server, and wait until it has ended. A server that ignores SIGTERM is killed.

    A process inherits ignored signals: a server that was started under `nohup` may ignore SIGTERM.

    Args:
        pid: Its process id.
        find: Returns None once it has ended.
    """
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while find() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if find():
        os.kill(pid, signal.SIGKILL)
    while find():
        time.sleep(_POLL_SECONDS)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Let only one process at a time start, stop or fill the server of a folder."""
    make_private_folder(folder.parent)
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
