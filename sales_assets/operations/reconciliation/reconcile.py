"""Reads the sales of some days from the ERP and from gold, and returns the differences.

The comparison itself is in `compare.py`. The check and the repair decide what follows from a difference.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import cast

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import CHOSEN_STATUSES, RAW_ORDERS_KEY
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

    A day whose load chose other statuses to count as sales is compared by these.

    Args:
        window: The days to compare.
        postgres_erp: The ERP.
        warehouse: Has the table `gold.fct_orders`, unless it was never built.
        instance: Records when a day was loaded, and with which statuses.

    Returns:
        The differences as `compare_sales` returns them; no row if everything agrees.
    """
    loads = fetch_latest_records(instance, RAW_ORDERS_KEY, window.days)
    erp = _read_erp_sales(postgres_erp, window, _find_chosen_statuses(loads))
    gold = _read_gold_sales(warehouse, window)
    loaded_at = {day: datetime.fromtimestamp(record.timestamp, UTC) for day, record in loads.items()}
    return compare_sales(erp, gold, loaded_at)


def _read_erp_sales(
    postgres_erp: PostgresResource, window: Window, chosen: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Read the sales of each day from the ERP, by the statuses that its load chose or the usual ones."""
    days_by_statuses: dict[tuple[str, ...], set[str]] = {}
    for day in window.days:
        days_by_statuses.setdefault(tuple(chosen.get(day, SALES_STATUSES)), set()).add(day)
    found = []
    for statuses, days in days_by_statuses.items():
        parameters = [*window.bounds, window.day_bounds, list(statuses), list(window.days)]
        sales = postgres_erp.execute_query(_ERP_SALES_BY_DAY, parameters)
        found.append(sales[sales["day"].isin(days)])
    return pd.concat(found, ignore_index=True)


def _read_gold_sales(warehouse: WarehouseReader, window: Window) -> pd.DataFrame:
    """Read the sales of each day from gold; empty if its table was never built, as before the first order."""
    if warehouse.query(_GOLD_HAS_SALES)["found"][0]:
        return warehouse.query(_GOLD_SALES_BY_DAY, window.dates)
    types = {"day": "str", "sales": "int64", "total_amount": "str"}
    return pd.DataFrame(columns=list(types)).astype(types)


def _find_chosen_statuses(loads: Mapping[str, dg.EventLogRecord]) -> dict[str, list[str]]:
    """Find the statuses that loads chose, by day; without the days of which the usual ones count."""
    reported = {day: load.asset_materialization for day, load in loads.items()}
    return {
        day: list(cast("Sequence[str]", event.metadata[CHOSEN_STATUSES].value))
        for day, event in reported.items()
        if event is not None and CHOSEN_STATUSES in event.metadata
    }
