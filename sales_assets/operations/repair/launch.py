"""Executes planned runs in this process, one after the other.

Planning belongs to `planned_runs.py` and `repair_plan.py`. Runs are recorded on the instance like any other,
so the UI shows them with their job and on the timeline.
"""

import re
import socket
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from sales_assets.catalog.names import LOCATION, RECONCILIATION_CHECK
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.operations.repair.planned_runs import PlannedRun
from sales_assets.private_apis.execution import run_in_process
from sales_assets.private_apis.instance import fail_run, listen_to_run
from sales_assets.warehouse.file_lock import WAITING
from sales_assets.warehouse.group_writes import PROGRESS
from sales_assets.warehouse.processes import ProcessIdentity

PrintLine = Callable[[str], None]

PROCESS_TAG = "sales/process"
"""Tag of a run that a command executes: host, process with its start, and the run's own ID.

Dagster copies tags to a re-executed run. The run ID shows that such a copy does not belong to the process.
"""

USER_TAG = "user"
"""Tag of who launched a run: the UI shows it in the column *Launched by*."""

NOT_RETRIED = {"dagster/max_retries": "0"}
"""Tag of a run that the daemon must not start again if its command is killed: the person repeats it."""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Errors are printed by `_print_event`, in one line each; their tracebacks are in Dagster's event log."""

_OUR_CLASS, _OTHER_CLASS = re.compile(r"^sales_assets[\w.]*: "), re.compile(r"^(?:\w+\.)+(\w+: )")

_INTERRUPTIONS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")

_UNFINISHED = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def execute_runs(
    runs: Iterable[PlannedRun],
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    print_line: PrintLine,
    launched_by: str,
) -> int:
    """Execute the runs of a plan; after a failed run the next ones are executed all the same.

    A signal, such as that of Ctrl-C, ends the run and the plan.

    Args:
        runs: The runs, in order.
        job: Has the assets.
        instance: Records the runs.
        print_line: Called with each line of progress.
        launched_by: The command or job, as the UI shows it.

    Returns:
        The number of runs that failed.

    Raises:
        KeyboardInterrupt: The process was asked to end.
    """
    failed = 0
    for number, run in enumerate(runs, start=1):
        print_line(f"  run {number}. {run}")
        if not execute_run(run, job, instance, print_line, launched_by):
            failed += 1
    return failed


def execute_run(
    run: PlannedRun,
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    print_line: PrintLine,
    launched_by: str,
) -> bool:
    """Execute one run and return whether it succeeded; see `execute_runs`.

    A person is waiting for it, so its days are compared with the ERP at once, not only in the morning.
    """
    run_id = str(uuid.uuid4())
    listen_to_run(instance, run_id, lambda entry: _print_event(entry, print_line))
    partition_key = run.first if run.first and run.first == run.last else None
    process = f"{socket.gethostname()}:{ProcessIdentity.of_this_process()}:{run_id}"
    tags = {PROCESS_TAG: process, USER_TAG: launched_by, **NOT_RETRIED}
    if run.first != run.last:
        tags |= range_tags(run.first, run.last)
    return run_in_process(
        job,
        instance,
        location=LOCATION,
        run_id=run_id,
        assets=run.assets,
        more_checks=[RECONCILIATION_CHECK],
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
        process = _find_process(run)
        if process and not process.is_alive():
            reason = f"Its process {process.number} was killed. The days it stored are complete."
            fail_run(instance, run, reason)
            print_line(
                f"Run {run.run_id} was killed and is marked as failed. The days it stored are complete."
            )


def _find_process(run: dg.DagsterRun) -> ProcessIdentity | None:
    """Find the process that executes a run, if it is one of this machine."""
    match run.tags.get(PROCESS_TAG, "").split(":"):
        case [host, process, run.run_id] if host == socket.gethostname():
            return ProcessIdentity.parse(process)
    return None


def _print_event(entry: dg.EventLogEntry, print_line: PrintLine) -> None:
    """Print a finished or failed step or run, a failed check, a wait or progress; nothing else is shown."""
    event = entry.dagster_event
    if event is None:
        line = entry.user_message if entry.user_message.startswith((WAITING, PROGRESS)) else ""
    elif event.is_step_success:
        line = f"{event.step_key:24} {event.step_success_data.duration_ms / 1000:5.1f} s"
    elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        evaluation = event.asset_check_evaluation_data
        failed = f"check {evaluation.check_name} failed. {evaluation.description or ''}"
        line = "" if evaluation.passed else failed
    else:
        line = _format_failure(event)
    if line:
        print_line(f"     {line}")


def _format_failure(event: dg.DagsterEvent) -> str:
    """The line about a failed step or run; empty for other events, and if a signal ended the step."""
    if event.is_step_failure:
        subject, error = f"{event.step_key:24}", event.step_failure_data.error
    elif event.is_job_failure and not event.job_failure_data.first_step_failure_event:
        subject, error = "the run", event.job_failure_data.error
    else:
        return ""
    if error is None or error.cls_name in _INTERRUPTIONS:
        return ""
    return f"{subject} failed. {_format_reason(error)}"


def _format_reason(error: Any) -> str:
    """The sentence of an error of ours; of another one its class too, without the module."""
    reason = " ".join((error.cause or error).message.split())
    return _OTHER_CLASS.sub(r"\1", _OUR_CLASS.sub("", reason))
