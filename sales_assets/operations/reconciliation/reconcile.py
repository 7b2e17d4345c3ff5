"""Reads the sales of some days from the ERP and from gold, and returns the differences.

The comparison itself is in `compare.py`. The check and the repair decide what follows from a difference.
"""

from datetime import UTC, datetime
from importlib.resources import files

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import Window
from sales_assets.catalog.records import fetch_latest_records
from sales_assets.operations.reconciliation.compare import compare_sales
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.transforms.select_orders import SALES_STATUSES
from sales_assets.warehouse.engine import WarehouseReader

_SQL = files("sales_assets.operations.reconciliation") / "sql"
_ERP_SALES_BY_DAY = (_SQL / "erp_sales_by_day.sql").read_text()
"""Parameters: start and end of the window, when its days begin, statuses of sales, the days."""

_GOLD_SALES_BY_DAY = (_SQL / "gold_sales_by_day.sql").read_text()
_GOLD_HAS_SALES = (_SQL / "gold_has_sales.sql").read_text()


def reconcile(
    window: Window, postgres_erp: PostgresResource, warehouse: WarehouseReader, instance: dg.DagsterInstance
) -> pd.DataFrame:
    """Find the days of a window on which the ERP and gold differ in number or amount of sales.

    Args:
        window: The days to compare.
        postgres_erp: The ERP.
        warehouse: Has the table `gold.fct_orders`, unless it was never built.
        instance: Records when a day was loaded.

    Returns:
        The differences as `compare_sales` returns them; no row if everything agrees.
    """
    parameters = [*window.bounds, window.day_bounds, list(SALES_STATUSES), list(window.days)]
    erp = postgres_erp.execute_query(_ERP_SALES_BY_DAY, parameters)
    gold = _read_gold_sales(warehouse, window)
    return compare_sales(erp, gold, _fetch_load_times(instance, {*erp["day"], *gold["day"]}))


def _read_gold_sales(warehouse: WarehouseReader, window: Window) -> pd.DataFrame:
    """Read the sales of each day from gold; empty if its table was never built, as before the first order."""
    if warehouse.query(_GOLD_HAS_SALES)["found"][0]:
        return warehouse.query(_GOLD_SALES_BY_DAY, window.dates)
    types = {"day": "str", "sales": "int64", "total_amount": "str"}
    return pd.DataFrame(columns=list(types)).astype(types)


def _fetch_load_times(instance: dg.DagsterInstance, days: set[str]) -> dict[str, datetime]:
    """Fetch when each day was last loaded from the ERP."""
    records = fetch_latest_records(instance, RAW_ORDERS_KEY, days)
    return {day: datetime.fromtimestamp(record.timestamp, UTC) for day, record in records.items()}
