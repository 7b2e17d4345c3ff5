"""Measures what a lake costs: publishing 100 days with a million orders, and writing them as plain Parquet.

Both read the same rows of a DuckDB file and write a file per day, in one process. The publication also
compares every day with what is there, reads it back, reads gold again, and commits. `python bench/lake.py`
prints seconds and ratios.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow.parquet as pq

from sales_assets.warehouse.duckdb import DuckDBEngine
from sales_assets.warehouse.lake.gold_days import GoldDays
from sales_assets.warehouse.lake.lake_resource import LakeResource
from sales_assets.warehouse.lake.lake_schema import open_lake_table
from sales_assets.warehouse.lake.lake_tables import FCT_ORDERS
from sales_assets.warehouse.lake.publish import publish_days

DAYS = [date(2025, 1, 1) + timedelta(number) for number in range(100)]
A_DAY = 10_000
AMOUNT = "decimal(18, 4)"
COLUMNS = {
    "order_id": "bigint",
    "customer_id": "bigint",
    "order_date": "date",
    "ordered_at": "timestamp",
    "status": "varchar",
    "gross_amount": AMOUNT,
    "discount_amount": AMOUNT,
    "total_amount": AMOUNT,
    "line_count": "integer",
    "city": "varchar",
    "segment": "varchar",
    "updated_at": "timestamp",
}


def fill_gold(database: Path) -> None:
    """Fill `gold.fct_orders` with made-up orders."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create schema gold; create table gold.fct_orders ({columns})")
        connection.execute(
            "insert into gold.fct_orders select n, hash(n) % 100000, date '2025-01-01' + (n // $1)::int, "
            "timestamp '2025-01-01' + interval (n) second, 'completed', (hash(n) % 99999) / 100, 0, "
            "(hash(n) % 99999) / 100, 1 + n % 5, 'Rome', 'retail', timestamp '2025-01-01' "
            "from range($2) t(n)",
            [A_DAY, A_DAY * len(DAYS)],
        )


def write_parquet(gold: GoldDays, folder: Path, days: list[date]) -> None:
    """Write a file per day, as a script without a lake would."""
    for start in range(0, len(days), 50):
        rows = gold.read(days[start : start + 50])
        pq.write_to_dataset(rows, folder, partition_cols=["order_date"], compression="zstd")


def measure(name: str, work: Callable[[], object], of: float | None = None) -> float:
    """Print how long a function takes, and the ratio to another's seconds."""
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    ratio = f"{seconds / of:6.2f}" if of else "  1.00"
    sys.stdout.write(f"{name:<44}{seconds:8.2f} s{ratio}\n")
    return seconds


def main() -> None:
    """Measure plain files, a first publication, one without changes, and one of a changed day."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "sales.duckdb"
        fill_gold(database)
        contract = dg.TableSchema(columns=[dg.TableColumn(*column) for column in COLUMNS.items()])
        gold = GoldDays(DuckDBEngine(database), FCT_ORDERS, contract, "bench")
        lake = LakeResource(
            catalog_uri=f"sqlite:///{folder}/lake/catalog.db", warehouse=(folder / "lake").as_uri()
        )
        catalog = lake.open_catalog()

        def publish(days: list[date]) -> None:
            publish_days(lambda: open_lake_table(catalog, FCT_ORDERS, contract), FCT_ORDERS, gold, days, {})

        plain = measure("100 days as plain Parquet", lambda: write_parquet(gold, folder / "plain", DAYS))
        measure("100 days published", lambda: publish(DAYS), plain)
        measure("100 days compared, none changed", lambda: publish(DAYS), plain)
        with duckdb.connect(str(database)) as connection:
            connection.execute("update gold.fct_orders set city = 'Turin' where order_id = 1")
        plain = measure("1 day as plain Parquet", lambda: write_parquet(gold, folder / "day", DAYS[:1]))
        measure("1 changed day published", lambda: publish(DAYS[:1]), plain)


if __name__ == "__main__":
    main()
