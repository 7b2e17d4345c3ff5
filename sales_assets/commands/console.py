"""Shared by all commands: console output, the Dagster instance, and the log file.

The doctor uses it too, so it loads without reading the settings, which may be invalid.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from typing import IO

import dagster as dg

from sales_assets.demo.background import lock_folder
from sales_assets.settings import ROOT, dagster_home, find_data_dir, make_private_folder

LOG = find_data_dir() / "command.log"
"""What dbt and other libraries print about each model and test; too long for the screen."""


class UsageError(Exception):
    """The arguments of a command are wrong; the message says what is expected."""


def print_line(text: str) -> None:
    """Print a line immediately, even if output goes to a pipe or is redirected to the log."""
    print(text, file=sys.__stdout__, flush=True)


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """Open the instance of `dagster dev` or of the deployment; meanwhile, output goes to the log."""
    with redirect_output_to_log(), _load_instance() as instance:
        yield instance


def _load_instance() -> dg.DagsterInstance:
    """Load the instance, one command at a time: two that create its SQLite files at once collide."""
    with lock_folder(find_data_dir() / "instance"):
        return dg.DagsterInstance.from_config(str(dagster_home()))


@contextmanager
def redirect_output_to_log() -> Iterator[None]:
    """Work in the repository's root, and write everything that libraries print to the log."""
    make_private_folder(LOG.parent)
    with LOG.open("w") as log, _redirect_children(log), redirect_stdout(log), chdir(ROOT):
        yield


@contextmanager
def _redirect_children(log: IO[str]) -> Iterator[None]:
    """Let processes that libraries start write their errors to the log; at Ctrl-C they print tracebacks."""
    errors = 2
    with os.fdopen(os.dup(errors), "w", buffering=1) as terminal, redirect_stderr(terminal):
        os.dup2(log.fileno(), errors)
        try:
            yield
        finally:
            os.dup2(terminal.fileno(), errors)
