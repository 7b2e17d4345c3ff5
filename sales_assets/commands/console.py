"""What the commands share: a line on the screen, the instance, and where the noise goes."""

import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout

import dagster as dg

from sales_assets.settings import ROOT

LOG = ROOT / ".data" / "command.log"
"""What dbt says of each model and test; too long for the screen."""


def say(text: str) -> None:
    """Print a line at once, also where output goes to a pipe."""
    print(text, file=sys.__stdout__, flush=True)


@contextmanager
def working() -> Iterator[dg.DagsterInstance]:
    """The instance of `dagster dev`, with everything that is printed meanwhile in the log."""
    with quietly(), dg.DagsterInstance.from_config(str(ROOT)) as instance:
        yield instance


@contextmanager
def quietly() -> Iterator[None]:
    """Work at the repository's root, with everything that libraries print in the log."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("w") as log, redirect_stdout(log), chdir(ROOT):
        yield
