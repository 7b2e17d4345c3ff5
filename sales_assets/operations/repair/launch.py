"""Carries plans out: runs their parts in this process, one after the other.

What is run was planned before, and each run is recorded on the instance like any other.
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

Say = Callable[[str], None]
"""Tells somebody a line."""

PROCESS_TAG = "sales/process"
"""On a run that a command of ours carries out: host and number of its process, and the run's own id.

Dagster copies tags to a run that is executed again; the id tells that such a one is not that process's.
"""

_UNDER_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]

QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


def carry_out(
    parts: Iterable[PlannedRun], job: dg.JobDefinition, instance: dg.DagsterInstance, say: Say
) -> int:
    """Run the parts of a plan; one that fails does not keep the others from running.

    Args:
        parts: What to run, in order.
        job: Has the assets.
        instance: Records the runs.
        say: Is told how it goes.

    Returns:
        How many of the runs failed.
    """
    failed = 0
    for number, part in enumerate(parts, start=1):
        say(f"  run {number}. {part}")
        failed += not run_part(part, job, instance, say)
    return failed


def run_part(part: PlannedRun, job: dg.JobDefinition, instance: dg.DagsterInstance, say: Say) -> bool:
    """Run one part, and tell whether it succeeded; see `carry_out`."""
    run_id = str(uuid.uuid4())
    listen_to_run(instance, run_id, lambda entry: _show_step(entry, say))
    one_day = part.first if part.first == part.last else ""
    return run_in_process(
        job,
        instance,
        run_id=run_id,
        assets=part.assets,
        partition_key=one_day or None,
        tags={PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}:{run_id}"}
        | ({} if one_day or not part.first else range_tags(part.first, part.last)),
        run_config=QUIET,
    )


def fail_dead_runs(instance: dg.DagsterInstance, say: Say) -> None:
    """Mark as failed the runs of commands that were killed on this machine; nobody else would notice.

    Args:
        instance: Has the runs.
        say: Is told of each.
    """
    for run in [each.dagster_run for each in instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY))]:
        process = _process_of(run)
        if process and not _is_alive(process):
            fail_run(instance, run, f"Its process {process} was killed. What it had stored is whole.")
            say(f"Run {run.run_id} was killed and is marked as failed; what it had stored is whole.")


def _process_of(run: dg.DagsterRun) -> int | None:
    """The number of the process that carries a run out, if it is one of this machine."""
    match run.tags.get(PROCESS_TAG, "").split(":"):
        case [host, number, run.run_id] if host == socket.gethostname():
            return int(number)
    return None


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _show_step(entry: dg.EventLogEntry, say: Say) -> None:
    event = entry.dagster_event
    if event and event.is_step_success:
        say(f"     {event.step_key:24} {event.step_success_data.duration_ms / 1000:5.1f} s")
    elif event and event.is_step_failure and (error := event.step_failure_data.error):
        reason = error.cause.message if error.cause else error.message
        say(f"     {event.step_key:24} failed. {' '.join(reason.split())}")
    elif event and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        evaluation = event.asset_check_evaluation_data
        if not evaluation.passed:
            say(f"     check {evaluation.check_name} failed. {evaluation.description or ''}")
