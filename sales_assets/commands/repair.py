"""`sales-assets repair`: plans runs that close gaps and differences from the ERP; `--run` executes them."""

from argparse import Namespace

import dagster as dg

from sales_assets.catalog.names import DAILY_JOB
from sales_assets.commands.console import LOG, open_instance, print_line
from sales_assets.commands.days import parse_window
from sales_assets.definitions import defs
from sales_assets.operations.ended_writer import refuse_ended_writer
from sales_assets.operations.repair.execute_plan import execute_plan
from sales_assets.operations.repair.launch import fail_dead_runs
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import plan_repair
from sales_assets.settings import settings


def run(options: Namespace) -> int:
    """Show the plan, and execute it if requested; the exit code is 0 if no run failed."""
    window = parse_window(options.first, options.last)
    job = defs.resolve_job_def(DAILY_JOB)
    needed = {key: (defs.resources or {})[key] for key in ("postgres_erp", "warehouse")}
    with open_instance() as instance, dg.build_resources(needed, instance=instance) as resources:
        fail_dead_runs(instance, print_line)
        refuse_ended_writer(settings(), instance)
        sources = {"postgres_erp": resources.postgres_erp, "warehouse": resources.warehouse}
        plan = plan_repair(
            window,
            Lineage.of_job(job),
            instance,
            **sources,
            at_most=settings().max_partitions_per_run,
            remake_outdated=options.outdated,
        )
        print_line(str(plan))
        if not plan.runs:
            return 0
        if not options.run:
            print_line("\nNothing was run. `make repair RUN=1` runs the plan.")
            return 0
        print_line("\nRunning:")
        failed = execute_plan(plan, job, instance, print_line, "make repair", **sources)
    if failed:
        print_line(f"{failed} of {len(plan.runs)} run(s) failed; see above and {LOG}. The others are stored.")
        print_line("Fix the cause, then repeat the command.")
        return 1
    print_line("Done.")
    return 0
