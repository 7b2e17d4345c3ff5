"""A warehouse that shows another table of orders where gold would be, so that no test needs dbt for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets.warehouse.duckdb_file import open_database
from sales_assets.warehouse.engine import WarehouseReader
from sales_assets.warehouse.reader import OpenWarehouse


class GoldStandIn(DuckDBWarehouse):
    """Reads `shown` where a query names `gold.fct_orders`.

    Attributes:
        shown: A table with `order_id`, `order_date` and `total_amount`, which exists.
    """

    shown: str

    @contextmanager
    def connect(self) -> Iterator[WarehouseReader]:
        """See `WarehouseReader`."""
        gold = f"(select order_id, order_date::date as order_date, total_amount from {self.shown})"
        with open_database(Path(self.database), read_only=True, caller="a test") as connection:

            def fetch(sql: str, values: list[Any]) -> pa.Table:
                if values == ["gold", "fct_orders"]:
                    return pa.table({"found": [1]})
                return connection.sql(sql.replace("gold.fct_orders", gold), params=values).to_arrow_table()

            yield OpenWarehouse(fetch)
