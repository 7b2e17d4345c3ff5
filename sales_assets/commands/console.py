"""What all commands share: a line on the screen, the instance, and where the noise goes.

The doctor uses it too, so it loads without the settings: they may be what is wrong.
"""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout

import dagster as dg

from sales_assets.settings import ROOT, dagster_home

LOG = ROOT / ".data" / "command.log"
"""What dbt says of each model and test; too long for the screen."""


class UsageError(Exception):
    """The arguments of a command make no sense; says what is expected."""


def say(text: str) -> None:
    """Print a line at once, also where output goes to a pipe."""
    print(text, file=sys.__stdout__, flush=True)


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """The instance of `dagster dev` or of the deployment; what is printed meanwhile goes to the log."""
    with output_to_log(), dg.DagsterInstance.from_config(str(dagster_home())) as instance:
        yield instance


@contextmanager
def output_to_log() -> Iterator[None]:
    """Work at the repository's root, with everything that libraries print in the log."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("w") as log, redirect_stdout(log), chdir(ROOT):
        yield
