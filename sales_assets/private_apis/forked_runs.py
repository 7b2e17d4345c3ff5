"""Runs of a code server are forked from a process that has loaded the location, and so are their steps.

Dagster starts a new interpreter for each run, which imports the libraries and the location again. Here a fork
server beside the code server does so once. A run that is asked for after a file has changed starts as
Dagster has it, with the code as it is now. What is imported and which files count is decided by the caller;
how steps end with their run belongs to `multiprocess.py`.
"""

import atexit
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path
from threading import Lock
from typing import Any

from dagster._core.launcher import DefaultRunLauncher

_SPAWN = multiprocessing.get_context("spawn")
"""How Dagster starts a run."""

_FORKS_SAFELY = "linux"
"""On macOS, libraries of the system may crash in a process that was forked after they were loaded."""


class ForkedRuns:
    """The fork server of a code server.

    Args:
        prepared: The module that it imports after that of the location.
        read_files: Returns the time of each file that a run reads when it imports the location.
    """

    def __init__(self, prepared: str, read_files: Callable[[], Mapping[Path, int]]):
        self._prepared, self._read_files = prepared, read_files
        self._context = multiprocessing.get_context("forkserver")
        self._files: Mapping[Path, int] = {}
        self._lock = Lock()

    def start(self, servicer: Any) -> None:
        """Start the fork server, unless it runs already or the runs are not those of this code server.

        Args:
            servicer: The `DagsterApiServer` that has loaded the location.
        """
        instance, target = servicer._instance, servicer._loadable_target_origin
        if sys.platform != _FORKS_SAFELY or not instance or not target or not target.module_name:
            return
        with self._lock:
            if not self._files and isinstance(instance.run_launcher, DefaultRunLauncher):
                self._files = self._read_files()
                self._context.set_forkserver_preload([target.module_name, self._prepared])
                forkserver.ensure_running()

    def choose_context(self) -> Any:
        """How the next run is started: forked, if it would import what the fork server has imported."""
        is_current = self._files and self._files == self._read_files()
        return self._context if is_current else _SPAWN


def fork_runs(prepared: str, read_files: Callable[[], Mapping[Path, int]]) -> None:
    """Have the code server fork its runs; does nothing in a process that is none. See `ForkedRuns`."""
    server = sys.modules.get("dagster._grpc.server")
    if server is None:
        return
    servicer, forked = server.DagsterApiServer, ForkedRuns(prepared, read_files)
    list_repositories = getattr(servicer.ListRepositories, "__wrapped__", servicer.ListRepositories)
    start_run = getattr(servicer.StartRun, "__wrapped__", servicer.StartRun)

    @wraps(list_repositories)
    def list_and_start(self: Any, request: Any, context: Any) -> Any:
        """What a web server or daemon asks when it has found this code server."""
        forked.start(self)
        return list_repositories(self, request, context)

    @wraps(start_run)
    def start_forked(self: Any, request: Any, context: Any) -> Any:
        self._mp_ctx = forked.choose_context()
        try:
            return start_run(self, request, context)
        except (OSError, EOFError):  # the fork server has ended, for example for lack of memory
            self._mp_ctx = _SPAWN
            return start_run(self, request, context)

    servicer.ListRepositories, servicer.StartRun = list_and_start, start_forked


def share_fork_server() -> None:
    """Have this process's children forked by the fork server that forked this process, if one did.

    Python's module says that a child reuses it, but starts another: it would import everything again.
    """
    server: Any = forkserver._forkserver
    is_forked = server.get_inherited_fds() is not None and server._forkserver_pid is None
    if is_forked and server._forkserver_address:
        parent = os.getppid()

        def ensure_running() -> None:
            resource_tracker.ensure_running()
            if os.getppid() != parent:  # it has ended, so there must be another
                del server.ensure_running
                server.ensure_running()

        server.ensure_running = ensure_running


def keep_exit_handlers() -> None:
    """Have what is forked from this process run its `atexit` handlers at its end, as a new Python does.

    A terminated run may leave dbt to them.
    """
    util.register_after_fork(
        keep_exit_handlers, lambda _: util.Finalize(None, atexit._run_exitfuncs, exitpriority=0)
    )
