"""Removes what a plan lists, in batches.

It can be killed and repeated, and two of it at once do not disturb each other.
"""

from collections.abc import Callable

from sales_assets.errors import UnavailableError
from sales_assets.operations.retention.old_files import remove_files
from sales_assets.operations.retention.plan import Places, RetentionPlan, split_into_pages
from sales_assets.private_apis.history import delete_backfills, delete_events, delete_runs
from sales_assets.private_apis.storage_files import delete_compute_logs
from sales_assets.redaction import redact_error
from sales_assets.warehouse.abandoned import drop_abandoned

_RUNS_AT_ONCE = 100
_ROWS_AT_ONCE = 1_000


def remove_history(plan: RetentionPlan, places: Places, log: Callable[[str], None]) -> None:
    """Remove what a plan lists.

    The record of a run goes last, so that a plan made after a crash lists the run again.

    Args:
        plan: What goes.
        places: Where it is.
        log: Called with a line of progress after each batch of runs.
    """
    instance = places.instance
    removed = 0
    for runs in split_into_pages(plan.runs, _RUNS_AT_ONCE):
        for run_id in runs:
            _delete_logs(places, run_id)
        delete_runs(instance, runs)
        removed += len(runs)
        log(f"Removed {removed} of {len(plan.runs)} run(s).")
    for events in split_into_pages(plan.runless_events, _ROWS_AT_ONCE):
        delete_events(instance, events)
    for backfills in split_into_pages(plan.backfills, _ROWS_AT_ONCE):
        delete_backfills(instance, backfills)
    remove_files([*plan.tick_logs, *plan.artifacts])
    for name in plan.models:
        places.models.remove(name)
    drop_abandoned(places.engine, plan.staging_tables)


def _delete_logs(places: Places, run_id: str) -> None:
    """Delete the compute logs of a run.

    Raises:
        UnavailableError: The folder or the bucket refused; says so in a sentence.
    """
    try:
        delete_compute_logs(places.instance, run_id)
    except Exception as error:
        message = (
            f"The compute logs of run {run_id} could not be deleted: {redact_error(str(error))} Its record "
            "and its events are kept, and so is all that the catalog shows. Give this role the right to list "
            "and delete them, then run retention again; it goes on here."
        )
        raise UnavailableError(message) from error
