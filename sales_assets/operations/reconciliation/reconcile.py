"""Reads the sales of some days from the ERP and from gold, and returns the differences.

The comparison itself is in `compare.py`. The check and the repair decide what follows from a difference.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import NamedTuple, cast

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import CHOSEN_STATUSES, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import Window
from sales_assets.catalog.records import fetch_latest_records
from sales_assets.operations.reconciliation.compare import compare_sales
from sales_assets.operations.reconciliation.warehouse_days import read_gold_sales, read_rejected
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.transforms.select_orders import SALES_STATUSES
from sales_assets.warehouse.engine import WarehouseReader

_SQL = files("sales_assets.operations.reconciliation") / "sql"
_ERP_SALES_BY_DAY = (_SQL / "erp_sales_by_day.sql").read_text()
"""Parameters: start and end of the window, when its days begin, statuses of sales, the days."""


class Reconciliation(NamedTuple):
    """What a comparison found.

    Attributes:
        differences: The days that differ; see `compare_sales`.
        rejected: The number of orders that are not in gold because they were rejected.
    """

    differences: pd.DataFrame
    rejected: int


def reconcile(
    window: Window, postgres_erp: PostgresResource, warehouse: WarehouseReader, instance: dg.DagsterInstance
) -> Reconciliation:
    """Find the days of a window on which the ERP differs from gold in number or amount of sales.

    Orders that were rejected count as if they were in gold: they are told by a check of their own.

    A day whose load chose other statuses to count as sales is compared by these.

    Args:
        window: The days to compare.
        postgres_erp: The ERP.
        warehouse: Has the table `gold.fct_orders`, unless it was never built.
        instance: Records when a day was loaded, and with which statuses.

    """
    loads = fetch_latest_records(instance, RAW_ORDERS_KEY, window.days)
    erp = _read_erp_sales(postgres_erp, window, _find_chosen_statuses(loads))
    with warehouse.connect() as reader:
        gold, rejected = read_gold_sales(reader, window), read_rejected(reader, window)
    loaded_at = {day: datetime.fromtimestamp(record.timestamp, UTC) for day, record in loads.items()}
    return Reconciliation(compare_sales(erp, gold, rejected, loaded_at), int(rejected["rejected"].sum()))


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


def _find_chosen_statuses(loads: Mapping[str, dg.EventLogRecord]) -> dict[str, list[str]]:
    """Find the statuses that loads chose, by day; without the days of which the usual ones count."""
    reported = {day: load.asset_materialization for day, load in loads.items()}
    return {
        day: list(cast("Sequence[str]", event.metadata[CHOSEN_STATUSES].value))
        for day, event in reported.items()
        if event is not None and CHOSEN_STATUSES in event.metadata
    }
