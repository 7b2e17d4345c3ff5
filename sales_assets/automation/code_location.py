"""The code location in which a schedule or sensor is evaluated, and the files that it is made of."""

from pathlib import Path

import dagster as dg

from sales_assets.dbt.project import PROJECT_DIR
from sales_assets.private_apis.forked_runs import fork_runs
from sales_assets.settings import ROOT

PREPARED_RUN = "sales_assets.automation.prepared_run"
"""The module that a run has imported when it is forked, beside the location's; too slow to import here."""

_PACKAGE = ROOT / "sales_assets"


def get_repository(
    context: dg.ScheduleEvaluationContext | dg.SensorEvaluationContext,
) -> dg.RepositoryDefinition:
    """Return the definitions of the code location.

    Raises:
        DagsterInvariantViolationError: A test evaluated it without them.
    """
    if context.repository_def is None:
        message = "The schedule or sensor was evaluated without its code location."
        raise dg.DagsterInvariantViolationError(message)
    return context.repository_def


def fork_its_runs() -> None:
    """Have a code server fork the runs of the location; does nothing in other processes."""
    fork_runs(PREPARED_RUN, read_code_files)


def read_code_files() -> dict[Path, int]:
    """Return when each file was changed that a process reads to load the location, in nanoseconds."""
    folders = [*_PACKAGE.rglob("*"), *PROJECT_DIR.rglob("*"), ROOT / ".env"]
    files = [path for path in folders if path.suffix != ".pyc" and path.is_file()]
    return {path: path.stat().st_mtime_ns for path in files}
