"""`sales-assets repair`: lists what is missing, failed, stale or differs from the ERP, and repairs it."""

from argparse import Namespace

import dagster as dg

from sales_assets.catalog.names import DAILY_JOB
from sales_assets.commands.console import LOG, open_instance, say
from sales_assets.commands.days import window_asked
from sales_assets.definitions import defs
from sales_assets.operations.repair.launch import carry_out, fail_dead_runs
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import plan_repair
from sales_assets.settings import settings


def run(asked: Namespace) -> int:
    """Show the plan, and run it if asked to; the exit code is 0 if no run failed."""
    window = window_asked(asked.first, asked.last)
    job = defs.resolve_job_def(DAILY_JOB)
    needed = {key: (defs.resources or {})[key] for key in ("postgres_erp", "warehouse")}
    with open_instance() as instance, dg.build_resources(needed, instance=instance) as resources:
        fail_dead_runs(instance, say)
        plan = plan_repair(
            window,
            Lineage(job),
            instance,
            postgres_erp=resources.postgres_erp,
            warehouse=resources.warehouse,
            at_most=settings().max_partitions_per_run,
        )
        say(str(plan))
        if not (plan.parts and asked.run):
            say("\nNothing was run. `make repair RUN=1` runs the plan." if plan.parts else "")
            return 0
        say("\nRunning:")
        failed = carry_out(plan.parts, job, instance, say)
    say(f"{failed} of {len(plan.parts)} run(s) failed; {LOG} says more." if failed else "Done.")
    return 1 if failed else 0
