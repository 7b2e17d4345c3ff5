"""A lake of a test's own, and gold's tables to publish there, filled by hand."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import duckdb

from sales_assets.warehouse.duckdb import DuckDBEngine
from sales_assets.warehouse.lake.gold_days import GoldDays
from sales_assets.warehouse.lake.lake_resource import LakeResource
from sales_assets.warehouse.lake.lake_schema import open_lake_table
from sales_assets.warehouse.lake.lake_tables import DAILY_SALES, FCT_ORDERS, LakeTable
from sales_assets.warehouse.lake.publish import Published, publish_days

D14, D15, D16 = date(2025, 1, 14), date(2025, 1, 15), date(2025, 1, 16)

Orders = Mapping[date, Mapping[int, str]]
"""By day and order, the amount."""

_AMOUNTS = [(name, "decimal(18, 4)") for name in ("gross_amount", "discount_amount", "total_amount")]
COLUMNS: dict[str, list[tuple[str, str]]] = {
    "fct_orders": [
        ("order_id", "bigint"),
        ("customer_id", "bigint"),
        ("order_date", "date"),
        ("ordered_at", "timestamp"),
        *_AMOUNTS,
        ("line_count", "integer"),
        ("city", "varchar"),
    ],
    "daily_sales": [
        ("order_date", "date"),
        ("channel", "varchar"),
        ("currency", "varchar"),
        ("order_count", "bigint"),
        ("line_count", "bigint"),
        *_AMOUNTS,
    ],
}


def contract_of(*columns: tuple[str, str]) -> dg.TableSchema:
    """A contract as dbt's marts have it."""
    return dg.TableSchema(columns=[dg.TableColumn(name, type_, f"The {name}.") for name, type_ in columns])


class Gold:
    """The table of a mart in a DuckDB file."""

    def __init__(self, folder: Path, table: LakeTable = FCT_ORDERS):
        self.database = folder / "sales.duckdb"
        self.engine = DuckDBEngine(self.database)
        self.table = table
        self.contract = contract_of(*COLUMNS[table.name])
        columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS[table.name])
        self.execute(f"create schema if not exists gold; create table gold.{table.name} ({columns})")

    def execute(self, sql: str) -> None:
        """Run a statement."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(sql)

    def put(self, orders: Orders) -> None:
        """Replace days by orders; an amount is the order's only one."""
        name = self.table.name
        with duckdb.connect(str(self.database)) as connection:
            for day, amounts in orders.items():
                connection.execute(f"delete from gold.{name} where order_date = ?", [day])
                for order, amount in amounts.items():
                    values = (order, day, Decimal(amount))
                    connection.execute(_INSERT[name], [values[number] for number in _ORDER[name]])

    def days(self) -> GoldDays:
        """What is read of it."""
        return GoldDays(self.engine, self.table, self.contract, "a test")


_INSERT = {
    "fct_orders": ("insert into gold.fct_orders values (?, 7, ?, '2025-01-15 12:00', ?, 0, ?, 1, 'Rome')"),
    "daily_sales": "insert into gold.daily_sales values (?, 'shop' || ?, 'EUR', 1, 1, ?, 0, ?)",
}
_ORDER = {"fct_orders": (0, 1, 2, 2), "daily_sales": (1, 0, 2, 2)}


class Lake:
    """A catalog and its tables in a folder, or in a bucket."""

    def __init__(self, folder: Path, warehouse: str = ""):
        self.resource = LakeResource(
            catalog_uri=f"sqlite:///{folder}/lake/catalog.db?timeout=60",
            warehouse=warehouse or (folder / "lake").as_uri(),
        )
        self.catalog = self.resource.open_catalog()

    def open(self, gold: Gold) -> Any:
        """Open the table of a mart, in its contract's columns."""
        return open_lake_table(self.catalog, gold.table, gold.contract)

    def publish(self, gold: Gold, *days: date, source: GoldDays | None = None, **options: Any) -> Published:
        """Publish days of a mart, as the run `r1`."""
        notes = {"sales.run_id": "r1"}
        return publish_days(
            lambda: self.open(gold), gold.table, source or gold.days(), days, notes, **options
        )

    def load(self, table: LakeTable = FCT_ORDERS) -> Any:
        """The table as a reader loads it."""
        return self.catalog.load_table(table.identifier)

    def orders(self, snapshot_id: int | None = None) -> dict[date, dict[int, str]]:
        """What readers see of `fct_orders`, now or as of a snapshot."""
        found: dict[date, dict[int, str]] = {}
        for row in self.load().scan(snapshot_id=snapshot_id).to_arrow().to_pylist():
            found.setdefault(row["order_date"], {})[row["order_id"]] = str(row["total_amount"])
        return found

    def files(self, table: LakeTable = FCT_ORDERS) -> dict[str, str]:
        """The files of main, each with its folder: a day or a month."""
        paths = [task.file.file_path for task in self.load(table).scan().plan_files()]
        return {path: path.split("/")[-2] for path in paths}


def without_package(name: str) -> Any:
    """Have an import fail as if its package were not installed."""
    return patch.dict("sys.modules", {name: None})


def exact(orders: Orders) -> dict[date, dict[int, str]]:
    """Orders as they are read back, with all digits of their amounts."""
    return {
        day: {order: str(Decimal(amount).quantize(Decimal("0.0001"))) for order, amount in amounts.items()}
        for day, amounts in orders.items()
    }


__all__ = [
    "D14",
    "D15",
    "D16",
    "DAILY_SALES",
    "FCT_ORDERS",
    "Gold",
    "Lake",
    "contract_of",
    "exact",
    "without_package",
]
