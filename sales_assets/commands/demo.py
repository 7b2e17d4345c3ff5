"""`sales-assets demo`: runs the last 30 full days from the ERP to gold, and shows the revenue of each.

It uses the instance of `dagster dev`, which shows the run afterwards.
"""

import time
from argparse import Namespace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from sales_assets.catalog.names import DAILY_JOB, SALES_DASHBOARD_KEY
from sales_assets.commands.console import LOG, open_instance, print_line
from sales_assets.operations.repair.launch import execute_run
from sales_assets.operations.repair.planned_runs import PlannedRun
from sales_assets.reports.dashboard.page import PAGE_NAME
from sales_assets.settings import Settings, settings

DEMO_DAYS = 30

_REVENUE = """
    select strftime(order_date, '%a %Y-%m-%d') as day, order_count as orders, total_amount as revenue
    from gold.daily_sales
    where order_date >= ? and channel = 'erp'
    order by order_date
"""


def run(_: Namespace) -> int:
    """Run the demo; the exit code is 0 if it succeeded."""
    return run_demo(settings())


def run_demo(settings: Settings) -> int:
    """Run `daily_sales_pipeline` for the last 30 full days and show the revenue of each."""
    started = time.monotonic()
    print_line("1/3  Loading the code location (the first time, dbt's project is parsed) …")
    # Takes seconds, so the first line is printed before.
    from sales_assets.definitions import defs  # noqa: PLC0415

    resources = defs.resources or {}
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    first, last = today - timedelta(days=DEMO_DAYS), today - timedelta(days=1)
    print_line(
        "2/3  Starting the ERP (the first time, two years of sales are generated; about ten seconds) …"
    )
    if settings.uses_demo_erp:
        resources["postgres_erp"].connection_url()
    print_line(f"3/3  Running daily_sales_pipeline for {first} to {last} …")
    with open_instance() as instance:
        month = PlannedRun((), first.isoformat(), last.isoformat())
        succeeded = execute_run(month, defs.resolve_job_def(DAILY_JOB), instance, print_line, "make demo")
        has_page = succeeded and make_dashboard(defs, instance)
    if not succeeded:
        print_line(
            f"The run failed. What completed steps stored is kept. See above and {LOG}, then run it again."
        )
        return 1
    print_line("\nRevenue by day, from gold.daily_sales:\n")
    print_line(resources["warehouse"].query(_REVENUE, [first]).to_markdown(index=False, floatfmt=",.2f"))
    print_line("\nThe last day is lower: many of its orders are completed, and so counted, only later.")
    print_line(f"Done in {time.monotonic() - started:.0f} s. The warehouse is {settings.duckdb_path}.")
    if not has_page:
        print_line(f"The dashboard was not made, see above and {LOG}. Gold is stored; run it again.")
        return 1
    print_line(f"The dashboard is {settings.reports_root}/{PAGE_NAME}: `make dashboard` opens it.")
    print_line("Next: `make dev` shows the assets, their checks and this run at http://localhost:3000.")
    return 0


def make_dashboard(defs: dg.Definitions, instance: dg.DagsterInstance) -> bool:
    """Make the dashboard in a run of its own, as the daemon does after gold was built."""
    print_line("     The dashboard, made of gold …")
    job = defs.resolve_implicit_global_asset_job_def()
    page = PlannedRun((SALES_DASHBOARD_KEY,), "", "")
    return execute_run(page, job, instance, print_line, "make demo")
