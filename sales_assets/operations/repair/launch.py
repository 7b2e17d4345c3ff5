"""Executes planned runs in this process, one after the other.

Planning belongs to `planned_runs.py` and `repair_plan.py`. Runs are recorded on the instance like any other.
"""

import os
import socket
import uuid
from collections.abc import Callable, Iterable

import dagster as dg

from sales_assets.operations.repair.gaps import range_tags
from sales_assets.operations.repair.planned_runs import PlannedRun
from sales_assets.private_apis.execution import run_in_process
from sales_assets.private_apis.instance import fail_run, listen_to_run

PrintLine = Callable[[str], None]

PROCESS_TAG = "sales/process"
"""Tag of a run that a command executes: host, process ID and the run's own ID.

Dagster copies tags to a re-executed run. The run ID shows that such a copy does not belong to the process.
"""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Errors are printed by `_print_event`, as sentences; their tracebacks are in the UI."""

_UNFINISHED = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def execute_runs(
    runs: Iterable[PlannedRun],
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    print_line: PrintLine,
) -> int:
    """Execute the runs of a plan; after a failed run the next ones are executed all the same.

    Args:
        runs: The runs, in order.
        job: Has the assets.
        instance: Records the runs.
        print_line: Called with each line of progress.

    Returns:
        The number of runs that failed.
    """
    failed = 0
    for number, run in enumerate(runs, start=1):
        print_line(f"  run {number}. {run}")
        if not execute_run(run, job, instance, print_line):
            failed += 1
    return failed


def execute_run(
    run: PlannedRun, job: dg.JobDefinition, instance: dg.DagsterInstance, print_line: PrintLine
) -> bool:
    """Execute one run and return whether it succeeded; see `execute_runs`."""
    run_id = str(uuid.uuid4())
    listen_to_run(instance, run_id, lambda entry: _print_event(entry, print_line))
    partition_key = run.first if run.first and run.first == run.last else None
    tags = {PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}:{run_id}"}
    if run.first != run.last:
        tags |= range_tags(run.first, run.last)
    return run_in_process(
        job,
        instance,
        run_id=run_id,
        assets=run.assets,
        partition_key=partition_key,
        tags=tags,
        run_config=QUIET,
    )


def fail_dead_runs(instance: dg.DagsterInstance, print_line: PrintLine) -> None:
    """Mark runs as failed whose command was killed on this machine; Dagster itself does not detect them.

    Args:
        instance: Has the runs.
        print_line: Called with a line for each such run.
    """
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        run = record.dagster_run
        process_id = _find_process_id(run)
        if process_id and not _is_alive(process_id):
            fail_run(instance, run, f"Its process {process_id} was killed. The days it stored are complete.")
            print_line(
                f"Run {run.run_id} was killed and is marked as failed. The days it stored are complete."
            )


def _find_process_id(run: dg.DagsterRun) -> int | None:
    """Find the process that executes a run, if it is one of this machine."""
    match run.tags.get(PROCESS_TAG, "").split(":"):
        case [host, process_id, run.run_id] if host == socket.gethostname():
            return int(process_id)
    return None


def _is_alive(process_id: int) -> bool:
    """Whether a process with this ID exists, even a zombie or an unrelated one that reuses the ID."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it belongs to another user
        return True
    return True


def _print_event(entry: dg.EventLogEntry, print_line: PrintLine) -> None:
    """Print a finished or failed step, a failed check, or why a run ended outside of its steps."""
    event = entry.dagster_event
    if event and event.is_step_success:
        seconds = event.step_success_data.duration_ms / 1000
        print_line(f"     {event.step_key:24} {seconds:5.1f} s")
    elif event and event.is_step_failure and (error := event.step_failure_data.error):
        reason = error.cause.message if error.cause else error.message
        print_line(f"     {event.step_key:24} failed. {' '.join(reason.split())}")
    elif event and event.is_job_failure and not event.job_failure_data.first_step_failure_event:
        print_line(f"     The run failed. {' '.join((event.message or '').split())}")
    elif event and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        evaluation = event.asset_check_evaluation_data
        if not evaluation.passed:
            print_line(f"     check {evaluation.check_name} failed. {evaluation.description or ''}")
