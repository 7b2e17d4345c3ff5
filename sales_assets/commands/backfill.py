"""`make backfill FROM=… TO=…`: runs `daily_sales_pipeline` for days, in as few runs as the settings allow."""

import argparse
import sys

from sales_assets.commands.console import LOG, say, working
from sales_assets.commands.days import days_asked
from sales_assets.repair.gaps import ranges
from sales_assets.repair.launching import carry_out, fail_dead_runs
from sales_assets.repair.lineage import Lineage
from sales_assets.repair.plans import Part, with_the_rest_last
from sales_assets.settings import settings
from sales_assets.taxonomy import DAILY_JOB


def main(arguments: list[str]) -> int:
    """Run the days; the exit code is 0 if all of them succeeded."""
    parser = argparse.ArgumentParser(prog="make backfill", description=__doc__)
    parser.add_argument("first", metavar="FROM", help="the first business day, such as 2025-01-01")
    parser.add_argument("last", metavar="TO", help="the last one")
    _, window = days_asked(parser, arguments)
    from sales_assets.definitions import defs  # noqa: PLC0415 - seconds of imports, after the arguments

    job = defs.resolve_job_def(DAILY_JOB)
    lineage = Lineage(job)
    days = ranges(window.days, settings().max_partitions_per_run)
    parts = with_the_rest_last([Part(tuple(lineage.assets), *first_last) for first_last in days], lineage)
    with working() as instance:
        fail_dead_runs(instance, say)
        failed = carry_out(parts, job, instance, say)
    if failed:
        say(f"{failed} of {len(parts)} run(s) failed; {LOG} says more. `make repair` plans the rest.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
