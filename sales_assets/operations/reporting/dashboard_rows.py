"""Reads gold for the dashboard, of the marts that exist. What is made of the rows belongs to `reports/`."""

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.resources import files
from importlib.util import find_spec

import pandas as pd

from sales_assets.errors import RefusedError
from sales_assets.operations.reconciliation.warehouse_days import has_table
from sales_assets.reports.dashboard.content import DashboardRows
from sales_assets.reports.drawings import can_draw
from sales_assets.warehouse.engine import WarehouseReader

SHOWN_DAYS = 2 * 364
"""Two years, as whole weeks: each of the last 52 weeks has the one to compare it with."""

_SQL = files("sales_assets.operations.reporting") / "sql"


def refuse_without_libraries() -> None:
    """Refuse to make the dashboard where what it is drawn with is not installed.

    Raises:
        RefusedError: Names the extra.
    """
    if not (can_draw() and find_spec("jinja2")):
        message = (
            "sales_dashboard needs the extra reports, which is not installed. No stored data was changed; "
            "the page before was kept. Install it: pip install 'sales_assets[reports]'."
        )
        raise RefusedError(message)


def read_dashboard_rows(warehouse: WarehouseReader) -> DashboardRows:
    """Read the last two years of gold, up to the last day that it has; nothing without gold."""
    with warehouse.connect() as reader:
        return _read_rows(reader)


def _read_rows(warehouse: WarehouseReader) -> DashboardRows:
    last = _read(warehouse, ["daily_sales"], "last_day")
    if last.empty or pd.isna(last["last_day"][0]):
        return DashboardRows()
    first = last["last_day"][0].date() - timedelta(days=SHOWN_DAYS - 1)
    sales = [
        _read(warehouse, ["fct_orders", "daily_sales"], "erp_sales", [first]),
        _read(warehouse, ["daily_sales"], "marketplace_sales", [first]),
    ]
    return DashboardRows(
        sales=pd.concat([each for each in sales if not each.empty], ignore_index=True),
        anomalies=_read(warehouse, ["sales_anomalies"], "anomalies", [first]),
        cohorts=_read(warehouse, ["customer_cohorts"], "cohorts", [first.replace(day=1)]),
        forecast=_read(warehouse, ["sales_forecast"], "forecast"),
    )


def _read(
    warehouse: WarehouseReader, tables: Sequence[str], query: str, params: Sequence[date] = ()
) -> pd.DataFrame:
    if not all(has_table(warehouse, "gold", table) for table in tables):
        return pd.DataFrame()
    return warehouse.query((_SQL / f"{query}.sql").read_text(), params)
