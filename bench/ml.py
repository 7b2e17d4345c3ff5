"""Measures the ML job: a year of 1.1 million orders, in a process of its own.

The warehouse is made by SQL, as large as the pipeline makes it: 3 000 orders a day, and a number of customers
(100 000 by default, as in `bench/erp.py`), of whom half come in the year and some leave. The features of the
weeks before the last are in it, as they are after a year of Mondays. `python -m bench.ml [CUSTOMERS]` prints
the seconds, the processor time and the peak memory of the job of the last week, run twice: in the second run
the week's features are stored already.
"""

import os
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb

from bench.backfill import measure, print_line
from sales_assets.catalog.contracts import CUSTOMER_FEATURES_SCHEMA
from sales_assets.catalog.names import FCT_ORDERS_KEY
from sales_assets.catalog.weeks import build_week
from sales_assets.ml.features import FEATURES_SQL
from sales_assets.settings import ROOT

FOLDER = ROOT / ".data" / "bench" / "ml"
FIRST, DAYS, ORDERS = date(2025, 1, 1), 362, 3_000
WEEK = "2025-12-22"
KEPT_WEEKS = 46

_ORDERS = f"""
create table gold.fct_orders as
with drawn as (
    select n, date '{FIRST}' + cast(n // $orders as integer) as order_date,
        (hash(n) % 1000000) / 1e6 as u, (hash(n + 0.5) % 1000000) / 1e6 as v
    from range($orders * $days) as numbers(n)
)
select
    n as order_id,
    -- Customers order while they are there: half of them came in the year, and each leaves some time later.
    case
        when n % 50 > 0
            then cast(floor($customers * (0.5 * n / ($orders * $days) + 0.5 * pow(u, 1.5))) as bigint)
                % $customers
    end as customer_id,
    order_date,
    order_date + interval (10 + n % 10) hour as ordered_at,
    'completed' as status,
    amount as gross_amount,
    cast(case when n % 3 = 0 then amount * 0.1 else 0 end as decimal(18, 4)) as discount_amount,
    cast(case when n % 3 = 0 then amount * 0.9 else amount end as decimal(18, 4)) as total_amount,
    cast(3 as integer) as line_count,
    'city ' || n % 50 as city,
    'segment ' || n % 4 as segment,
    order_date + interval (11 + n % 10) hour as updated_at
from (
    select *, cast((20 + 180 * v) * (1 + 0.1 * sin(dayofyear(order_date) / 58.0))
        * (case when dayofweek(order_date) = 0 then 0.7 else 1 end)
        * (case when day(order_date) <= 5 then 1.6 else 1 end) as decimal(18, 4)) as amount
    from drawn
) as priced
order by order_date
"""


def fill_warehouse(database: Path, customers: int) -> None:
    """Fill gold's orders, and the features of the weeks before the last."""
    columns = ", ".join(f"{column.name} {column.type}" for column in CUSTOMER_FEATURES_SCHEMA.columns)
    monday = date.fromisoformat(WEEK)
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema gold; create schema ml")
        connection.execute(_ORDERS, {"orders": ORDERS, "days": DAYS, "customers": customers})
        connection.execute(f"create table ml.customer_features ({columns})")
        for weeks in range(KEPT_WEEKS, 0, -1):
            week = build_week(str(monday - timedelta(weeks=weeks)))
            values = [week.monday, week.sunday, week.end.replace(tzinfo=None)]
            connection.execute(f"insert into ml.customer_features {FEATURES_SQL}", values)
        ordered = "select count(*), count(distinct customer_id) from gold.fct_orders"
        stored = "select count(*) from ml.customer_features"
        [(orders, seen)] = connection.execute(ordered).fetchall()
        [(rows,)] = connection.execute(stored).fetchall()
        print_line(f"{orders:,} orders of {seen:,} customers; {rows:,} features in {KEPT_WEEKS} weeks.")


def run_job() -> None:
    """Run the job of the last week, as a run's process does."""
    from sales_assets.definitions import defs  # noqa: PLC0415 - it is what is measured

    with dg.DagsterInstance.get() as instance:
        result = defs.resolve_job_def("ml_pipeline_job").execute_in_process(
            instance=instance, partition_key=WEEK, raise_on_error=False
        )
        for check in result.get_asset_check_evaluations():
            print_line(f"{check.check_name}: {check.description}")
        # A model that the gate refuses is a result; an error of an asset is none.
        events = result.get_asset_materialization_events()
        stored = {event.asset_key.to_user_string() for event in events if event.asset_key}
        if not {"customer_features", "forecast_model"} <= stored:
            sys.exit("The job failed.")


def main(customers: int) -> None:
    """Make the warehouse and a copy of the project, which keeps its models, and measure the job twice."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / ".data").mkdir(parents=True)
    for name in ("sales_assets", "bench", "dbt_project"):
        shutil.copytree(ROOT / name, FOLDER / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", FOLDER)
    database = FOLDER / "sales.duckdb"
    fill_warehouse(database, customers)
    with dg.DagsterInstance.local_temp(str(FOLDER)) as instance:
        for number in range(DAYS):
            day = str(FIRST + timedelta(days=number))
            instance.report_runless_asset_event(dg.AssetMaterialization(FCT_ORDERS_KEY, partition=day))
    environment = {
        "DAGSTER_HOME": os.fspath(FOLDER),
        "PYTHONPATH": os.fspath(FOLDER),
        "SALES_DUCKDB_PATH": os.fspath(database),
    }
    python = [sys.executable, "-W", "ignore"]
    measure([*python, "-c", "import sales_assets.definitions"], FOLDER, environment)  # parses dbt's project
    for name in ("first run", "run again"):
        cost = measure([*python, "-m", "bench.ml", "job"], FOLDER, environment)
        print_line(f"{name}: {cost.wall:.1f} s, {cost.cpu:.1f} s of processor, {cost.peak:.0f} MB at most")


if __name__ == "__main__":
    if sys.argv[1:] == ["job"]:
        run_job()
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 100_000)
