"""`sales-assets backfill FROM TO`: runs the daily pipeline for a range of days, in the fewest runs."""

from argparse import Namespace

from sales_assets.catalog.names import DAILY_JOB
from sales_assets.commands.console import LOG, open_instance, say
from sales_assets.commands.days import window_asked
from sales_assets.definitions import defs
from sales_assets.operations.repair.gaps import ranges
from sales_assets.operations.repair.launch import carry_out, fail_dead_runs
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.planned_runs import PlannedRun, with_the_rest_last
from sales_assets.settings import settings


def run(asked: Namespace) -> int:
    """Run the days; the exit code is 0 if all of them succeeded."""
    window = window_asked(asked.first, asked.last)
    job = defs.resolve_job_def(DAILY_JOB)
    lineage = Lineage(job)
    days = ranges(window.days, settings().max_partitions_per_run)
    parts = with_the_rest_last(
        [PlannedRun(tuple(lineage.assets), *first_last) for first_last in days], lineage
    )
    with open_instance() as instance:
        fail_dead_runs(instance, say)
        failed = carry_out(parts, job, instance, say)
    if failed:
        say(f"{failed} of {len(parts)} run(s) failed; {LOG} says more. `make repair` plans the rest.")
    return 1 if failed else 0
