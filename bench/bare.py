"""The lower bound: the same work as a bare script in one process, without Dagster and the guarantees.

One query per table through ADBC, streamed into DuckDB; silver in SQL; the project's own dbt models and tests
through dbt's Python runner; and a comparison of gold with the ERP, by the project's query.
`python bench/bare.py URL DATABASE FIRST LAST`, days in UTC.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import duckdb
from adbc_driver_postgresql import dbapi
from dbt.cli.main import dbtRunner

from sales_assets.dbt.project import PROJECT_DIR
from sales_assets.sources.erp import queries

_SELECTS = {
    "raw.raw_orders": """
        select order_id, customer_id, order_date at time zone 'UTC' as order_date, status,
               gross_amount::decimal(18, 4) as gross_amount, total_amount::decimal(18, 4) as total_amount,
               line_count, updated_at at time zone 'UTC' as updated_at
        from incoming
        where status in ('completed', 'shipped')
    """,
    "raw.raw_customers": "select * replace (updated_at at time zone 'UTC' as updated_at) from incoming",
    "silver.silver_enriched_orders": """
        select o.*, c.city, c.segment
        from raw.raw_orders as o
        left join raw.raw_customers as c
            on o.customer_id = c.id and o.order_date::date = c.snapshot_date
    """,
}

_ERP_SALES = files("sales_assets.operations.reconciliation") / "sql" / "erp_sales_by_day.sql"
_DIFFERENCES = """
    select day, sales, total_amount::decimal(18, 4) from incoming
    except
    select order_date::varchar, count(*), sum(total_amount) from gold.fct_orders group by order_date
"""


def main(url: str, database: str, first: date, last: date) -> None:
    """Load the days, and let dbt build gold."""
    after = last + timedelta(days=1)
    bounds = [datetime.combine(day, datetime.min.time(), UTC) for day in (first, after)]
    midnights = [bounds[0] + timedelta(days=n) for n in range((after - first).days)]
    days = [f"{midnight:%Y-%m-%d}" for midnight in midnights]
    erp_queries: dict[str, tuple[str, list[Any]]] = {
        "raw.raw_orders": (queries.RAW_ORDERS_SQL, bounds),
        "raw.raw_customers": (
            queries.RAW_CUSTOMERS_SQL,
            [*bounds, midnights, days],
        ),
    }
    with closing(dbapi.connect(url)) as erp:
        _load(erp, database, erp_queries)
        _build(database, first, after)
        _compare(erp, database, [*bounds, midnights, ["completed", "shipped"], days])


def _load(erp: dbapi.Connection, database: str, erp_queries: Mapping[str, tuple[str, list[Any]]]) -> None:
    with duckdb.connect(database) as warehouse:
        warehouse.execute("set timezone = 'UTC'; create schema raw; create schema silver")
        for table, select in _SELECTS.items():
            with closing(erp.cursor()) as cursor:
                if table in erp_queries:
                    cursor.execute(*erp_queries[table])
                    incoming = cursor.fetch_record_batch()  # noqa: F841 - DuckDB finds it by name
                warehouse.execute(f"create table {table} as {select}")


def _build(database: str, first: date, after: date) -> None:
    os.environ |= {"SALES_DUCKDB_PATH": database, "SALES_TIMEZONE": "UTC"}
    window = f"{{start_date: '{first}', end_date: '{after}'}}"
    command = ["build", "--vars", window, "--exclude-resource-type", "unit_test", "--quiet"]
    project = os.fspath(PROJECT_DIR)
    target = ["--target-path", f"{database}.target", "--log-path", f"{database}.target"]
    built = dbtRunner().invoke([*command, "--project-dir", project, "--profiles-dir", project, *target])
    if not built.success:
        sys.exit("dbt failed")


def _compare(erp: dbapi.Connection, database: str, parameters: list[Any]) -> None:
    with duckdb.connect(database) as warehouse, closing(erp.cursor()) as cursor:
        cursor.execute(_ERP_SALES.read_text(), parameters)
        incoming = cursor.fetch_arrow_table()  # noqa: F841 - DuckDB finds it by name
        if warehouse.execute(_DIFFERENCES).fetchall():
            sys.exit("Gold differs from the ERP")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(date.fromisoformat, sys.argv[3:]))
