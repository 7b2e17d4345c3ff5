"""`make repair`: shows what is missing, failed, stale or different from the ERP; RUN=1 runs what mends it."""

import argparse
import sys

import dagster as dg

from sales_assets.commands.console import LOG, say, working
from sales_assets.commands.days import days_asked
from sales_assets.partitions import DAILY
from sales_assets.repair.launching import carry_out, fail_dead_runs
from sales_assets.repair.lineage import Lineage
from sales_assets.repair.plan_repair import plan_repair
from sales_assets.settings import settings
from sales_assets.taxonomy import DAILY_JOB


def main(arguments: list[str]) -> int:
    """Show the plan, and run it if asked to; the exit code is 0 if no run failed."""
    parser = argparse.ArgumentParser(prog="make repair", description=__doc__)
    parser.add_argument("--run", action="store_true", help="run the plan, instead of only showing it")
    parser.add_argument("--from", dest="first", default=DAILY.get_first_partition_key())
    parser.add_argument("--to", dest="last", default=DAILY.get_last_partition_key())
    asked, window = days_asked(parser, arguments)
    from sales_assets.definitions import defs  # noqa: PLC0415 - seconds of imports, after the arguments

    job = defs.resolve_job_def(DAILY_JOB)
    needed = {key: (defs.resources or {})[key] for key in ("postgres_erp", "warehouse")}
    with working() as instance, dg.build_resources(needed, instance=instance) as resources:
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
