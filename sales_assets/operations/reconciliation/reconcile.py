"""Asks the ERP and the warehouse for the sales of some days, and tells where they disagree.

What is compared and how stands in `transforms/reconciliation.py`; who asks, and what follows from the
answer, belongs to the check and to the repair.
"""

from datetime import UTC, datetime
from importlib.resources import files

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY, Window
from sales_assets.catalog.records import latest
from sales_assets.operations.reconciliation.compare import compare_sales
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.transforms.select_orders import SALES_STATUSES
from sales_assets.warehouse.engine import WarehouseReader

_SQL = files("sales_assets.operations.reconciliation") / "sql"
_ERP_SALES_BY_DAY = (_SQL / "erp_sales_by_day.sql").read_text()
"""Parameters: start and end of the window, time zone, statuses that are sales."""

_GOLD_BY_DAY = (_SQL / "gold_sales_by_day.sql").read_text()
_HAS_GOLD = (_SQL / "gold_has_sales.sql").read_text()


def reconcile(
    window: Window, postgres_erp: PostgresResource, warehouse: WarehouseReader, instance: dg.DagsterInstance
) -> pd.DataFrame:
    """The days of a window on which the ERP and gold disagree, in number or amount of the sales.

    Args:
        window: The days to compare.
        postgres_erp: The ERP.
        warehouse: Has the table `gold.fct_orders`; it may not be made yet.
        instance: Knows when a day was loaded.

    Returns:
        The columns of `transforms.reconciliation.differences`; no row if everything agrees.
    """
    parameters = [window.start, window.end, DAILY.timezone, list(SALES_STATUSES)]
    erp = postgres_erp.execute_query(_ERP_SALES_BY_DAY, parameters)
    gold = _sales_of_gold(warehouse, window)
    return compare_sales(erp, gold, _loaded(instance, {*erp["day"], *gold["day"]}))


def _sales_of_gold(warehouse: WarehouseReader, window: Window) -> pd.DataFrame:
    """What gold has of each day; nothing before its table was made, as where no day had an order so far."""
    if warehouse.query(_HAS_GOLD)["found"][0]:
        return warehouse.query(_GOLD_BY_DAY, window.dates)
    types = {"day": "str", "sales": "int64", "total_amount": "str"}
    return pd.DataFrame(columns=list(types)).astype(types)


def _loaded(instance: dg.DagsterInstance, days: set[str]) -> dict[str, datetime]:
    """When each day was last loaded from the ERP."""
    places = latest(instance, RAW_ORDERS_KEY, days)
    if not places:
        return {}
    wanted = dg.AssetRecordsFilter(asset_key=RAW_ORDERS_KEY, storage_ids=list(places.values()))
    records = instance.fetch_materializations(wanted, limit=len(places)).records
    return {str(record.partition_key): datetime.fromtimestamp(record.timestamp, UTC) for record in records}
