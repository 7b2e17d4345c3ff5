"""The demo: `python -m sales_assets.demo` runs the last 30 full days, `stop` stops what it started.

`files` starts the local S3 and has the catalog offer its files. All of it happens on the instance of
`dagster dev`, so the history is there afterwards.
"""

import sys
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sales_assets.commands.console import LOG, say, working
from sales_assets.demo.airbyte.process import stop_stand_ins
from sales_assets.demo.erp import erp_folder
from sales_assets.demo.s3 import DemoS3Resource, stop_demo_s3
from sales_assets.demo.server import stop_server
from sales_assets.errors import RefusedError
from sales_assets.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.repair.launching import run_part
from sales_assets.repair.plans import Part
from sales_assets.settings import Settings, settings
from sales_assets.taxonomy import DAILY_JOB

DAYS = 30

_REVENUE = """
    select strftime(order_date, '%a %Y-%m-%d') as day, order_count as orders, total_amount as revenue
    from gold.daily_sales
    where order_date >= ? and channel = 'erp'
    order by order_date
"""


def main(arguments: list[str]) -> int:
    """Run a command; the exit code is 0 if it succeeded."""
    if arguments == ["stop"]:
        stop_server(erp_folder(settings().data_dir))
        stop_stand_ins(settings().data_dir)
        stop_demo_s3(settings().data_dir)
        say("The embedded ERP and the local stand-ins are stopped; the next start has their data again.")
        return 0
    if arguments == ["files"]:
        offer_files(settings())
        return 0
    return run_demo(settings())


def run_demo(settings: Settings) -> int:
    """Run `daily_sales_pipeline` for the last 30 full days and show the revenue of each."""
    started = time.monotonic()
    say("1/3  Loading the code location (the first time, dbt's project is parsed) …")
    from sales_assets.definitions import defs  # noqa: PLC0415 - seconds of imports, after the first word

    resources = defs.resources or {}
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    first, last = today - timedelta(days=DAYS), today - timedelta(days=1)
    say("2/3  Starting the ERP (the first time, two years of sales are made; about ten seconds) …")
    if settings.uses_demo_erp:
        resources["postgres_erp"].connection_url()
    say(f"3/3  Running daily_sales_pipeline for {first} to {last} …")
    with working() as instance:
        month = Part((), first.isoformat(), last.isoformat())
        succeeded = run_part(month, defs.resolve_job_def(DAILY_JOB), instance, say)
    if not succeeded:
        say(f"The run failed; the messages above and {LOG} say why. What was stored before is kept.")
        return 1
    say("\nRevenue by day, from gold.daily_sales:\n")
    say(resources["warehouse"].query(_REVENUE, [first]).to_markdown(index=False, floatfmt=",.2f"))
    say(f"\nDone in {time.monotonic() - started:.0f} s. The warehouse is {settings.duckdb_path}.")
    say("Next: `make dev` shows the assets, their checks and this run at http://localhost:3000.")
    return 0


def offer_files(settings: Settings) -> None:
    """Start the local S3, if it stands in for a real one, and make each of its files a partition."""
    if not settings.uses_demo_s3:
        return
    try:
        bucket = DemoS3Resource(data_dir=str(settings.data_dir), timezone=settings.timezone).files()
    except RefusedError as error:
        say(str(error.description))
        return
    versions, _ = bucket.page("")
    with working() as instance:
        partitions = [partition_of_file(version.key) for version in versions]
        instance.add_dynamic_partitions(str(MARKETPLACE_FILES.name), partitions)
    say(f"{len(versions)} files of marketplaces wait in {bucket.url(bucket.prefix)} (a local S3).")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
