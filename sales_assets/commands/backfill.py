"""`sales-assets backfill FROM TO`: runs the daily pipeline for a range of days, in the fewest runs."""

from argparse import Namespace

from sales_assets.catalog.names import DAILY_JOB
from sales_assets.commands.console import LOG, open_instance, print_line
from sales_assets.commands.days import parse_window
from sales_assets.definitions import defs
from sales_assets.operations.ended_writer import refuse_ended_writer
from sales_assets.operations.repair.gaps import group_into_ranges
from sales_assets.operations.repair.launch import execute_runs, fail_dead_runs
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.planned_runs import PlannedRun, put_unpartitioned_last
from sales_assets.settings import settings


def run(options: Namespace) -> int:
    """Run the days; the exit code is 0 if all of them succeeded."""
    window = parse_window(options.first, options.last)
    job = defs.resolve_job_def(DAILY_JOB)
    lineage = Lineage.of_job(job)
    ranges = group_into_ranges(window.days, settings().max_partitions_per_run)
    runs = [PlannedRun(tuple(lineage.assets), first, last) for first, last in ranges]
    runs = put_unpartitioned_last(runs, lineage)
    with open_instance() as instance:
        fail_dead_runs(instance, print_line)
        refuse_ended_writer(settings(), instance)
        failed = execute_runs(runs, job, instance, print_line, "make backfill")
    if failed:
        print_line(f"{failed} of {len(runs)} run(s) failed; see above and {LOG}. The others are stored.")
        print_line("Fix the cause, then `make repair` plans the rest.")
    return 1 if failed else 0
