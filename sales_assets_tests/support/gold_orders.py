"""Gold's orders as a table that tests fill, and a reader of them, without dbt."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa

from sales_assets.catalog.contracts import COLUMN_SCHEMA, optional, required
from sales_assets.catalog.names import FCT_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.warehouse.reader import OpenWarehouse
from sales_assets_tests.support.warehouses import WarehouseUnderTest

CONTRACT = dg.TableSchema(
    columns=[
        optional("customer_id", "BIGINT", ""),
        required("order_date", "DATE", ""),
        required("updated_at", "TIMESTAMP", ""),
        required("gross_amount", "DECIMAL(18,4)", ""),
        required("total_amount", "DECIMAL(18,4)", ""),
    ]
)
Order = tuple[int | None, date, datetime, float, float]
"""Customer, business day, when it last changed, gross and total amount."""

_COLUMNS = ", ".join(f"{column.name} {column.type}" for column in CONTRACT.columns)


class OrdersInMemory(OpenWarehouse):
    """The resource `warehouse` over a DuckDB in memory, with the table of orders."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set threads = 1; create schema gold")
        self.connection.execute(f"create table gold.fct_orders ({_COLUMNS})")
        super().__init__(lambda sql, values: self.connection.sql(sql, params=values).to_arrow_table())

    def add(self, orders: Sequence[Order]) -> None:
        """Store orders."""
        if orders:
            rows = pa.Table.from_pandas(build_frame(orders), preserve_index=False)
            self.connection.from_arrow(rows).insert_into("gold.fct_orders")

    def clear(self) -> None:
        """Remove all orders."""
        self.connection.execute("delete from gold.fct_orders")


def order(customer: int | None, day: str, gross: float = 10, total: float = 8, changed: str = "") -> Order:
    """An order that changed for the last time at noon of its day, or at another instant."""
    placed = date.fromisoformat(day)
    noon = datetime.combine(placed, time(12))
    return customer, placed, datetime.fromisoformat(changed) if changed else noon, gross, total


def build_frame(orders: Sequence[Order]) -> pd.DataFrame:
    """The orders as a frame."""
    frame = pd.DataFrame(orders, columns=[column.name for column in CONTRACT.columns])
    return frame.astype({"customer_id": "Int64"})


def store_gold(warehouse: WarehouseUnderTest, orders: Sequence[Order]) -> None:
    """Replace the table of orders in a warehouse."""

    @dg.asset(name="fct_orders", metadata={"schema": "gold", COLUMN_SCHEMA: CONTRACT})
    def stored() -> pd.DataFrame:
        return build_frame(orders)

    warehouse.materialize(stored)


def report_days(instance: dg.DagsterInstance, first: str, last: str) -> None:
    """Have the instance know that gold has some days."""

    @dg.asset(key=FCT_ORDERS_KEY, partitions_def=DAILY, backfill_policy=dg.BackfillPolicy.single_run())
    def loaded() -> None:
        """Store nothing."""

    dg.materialize([loaded], instance=instance, tags=range_tags(first, last))


def to_instant(week_end: date, hours: int = 0) -> datetime:
    """The instant at which a week ends, some hours from midnight UTC."""
    return datetime.combine(week_end, time(), UTC) + timedelta(hours=hours)
