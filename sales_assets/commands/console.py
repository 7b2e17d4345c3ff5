"""Shared by all commands: console output, the Dagster instance, and the log file.

The doctor uses it too, so it loads without reading the settings, which may be invalid.
"""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout

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
    with LOG.open("w") as log, redirect_stdout(log), chdir(ROOT):
        yield
