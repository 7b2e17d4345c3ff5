"""Reads number and amount of orders by business day from the warehouse, also before its tables exist.

What is compared with what belongs to `compare.py` and the checks.
"""

from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files

import pandas as pd

from sales_assets.catalog.partitions import DAILY, Window, day_of_row
from sales_assets.warehouse.engine import WarehouseReader

_SQL = files("sales_assets.operations.reconciliation") / "sql"
_HAS_TABLE = (_SQL / "has_table.sql").read_text()
_GOLD_SALES_BY_DAY = (_SQL / "gold_sales_by_day.sql").read_text()
_DAILY_SALES_BY_DAY = (_SQL / "daily_sales_by_day.sql").read_text()
_RAW_BY_QUARTER = (_SQL / "raw_by_quarter_hour.sql").read_text()
_SILVER_BY_QUARTER = (_SQL / "silver_by_quarter_hour.sql").read_text()
_REJECTED_BY_QUARTER = (_SQL / "rejected_by_quarter_hour.sql").read_text()

_GOLD_TYPES = {"day": "str", "sales": "int64", "total_amount": "str"}
_REJECTED_TYPES = {"day": "str", "rejected": "int64", "rejected_amount": "str", "without_amount": "int64"}


def read_gold_sales(warehouse: WarehouseReader, window: Window) -> pd.DataFrame:
    """Read `sales` and `total_amount` (text) of each `day` from gold; no row before its first build."""
    return _read_days(warehouse, window, "fct_orders", _GOLD_SALES_BY_DAY)


def read_daily_sales(warehouse: WarehouseReader, window: Window) -> pd.DataFrame:
    """Read the same of the ERP's channel from the mart `daily_sales`."""
    return _read_days(warehouse, window, "daily_sales", _DAILY_SALES_BY_DAY)


def read_raw(warehouse: WarehouseReader, window: Window) -> pd.DataFrame:
    """Read the same from `raw_orders`."""
    return _read_quarters(warehouse, window, ("raw", "raw_orders"), _RAW_BY_QUARTER)


def read_silver(warehouse: WarehouseReader, window: Window) -> pd.DataFrame:
    """Read the same from `silver_enriched_orders`."""
    return _read_quarters(warehouse, window, ("silver", "silver_enriched_orders"), _SILVER_BY_QUARTER)


def read_rejected(warehouse: WarehouseReader, window: Window) -> pd.DataFrame:
    """Read `rejected`, `rejected_amount` (text) and `without_amount` of each `day` with rejected orders."""
    found = _read_quarters(warehouse, window, ("raw", "rejected_orders"), _REJECTED_BY_QUARTER)
    if found.empty:
        return _build_empty(_REJECTED_TYPES)
    return found.rename(columns={"sales": "rejected", "total_amount": "rejected_amount"})


def has_table(warehouse: WarehouseReader, schema: str, table: str) -> bool:
    """Whether the warehouse has a table."""
    return bool(warehouse.query(_HAS_TABLE, [schema, table])["found"][0])


def _read_days(warehouse: WarehouseReader, window: Window, table: str, query: str) -> pd.DataFrame:
    with warehouse.connect() as reader:
        if has_table(reader, "gold", table):
            return reader.query(query, window.dates)
    return _build_empty(_GOLD_TYPES)


def _read_quarters(
    warehouse: WarehouseReader, window: Window, table: tuple[str, str], query: str
) -> pd.DataFrame:
    """Sum business days from quarters of an hour, in exact decimals."""
    with warehouse.connect() as reader:
        if not has_table(reader, *table):
            return _build_empty(_GOLD_TYPES)
        found = reader.query(query, [bound.replace(tzinfo=None) for bound in window.bounds])
    if found.empty:
        return _build_empty(_GOLD_TYPES)
    instants = found["full_hour"] + pd.to_timedelta(found["quarter"].astype("int64") * 15, unit="min")
    days = day_of_row(window, found.assign(instant=instants), "instant").dt.strftime(DAILY.fmt)
    amounts = found["total_amount"].map(Decimal).astype(object)
    figures = found.drop(columns=["full_hour", "quarter"]).assign(day=days, total_amount=amounts)
    summed = figures.groupby("day").sum()
    return summed.assign(total_amount=summed["total_amount"].map(str)).reset_index()


def _build_empty(types: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(types)).astype(types)
