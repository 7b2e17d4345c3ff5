"""Reads from the warehouse what models learn from: hundreds of sums, not millions of orders."""

from importlib.resources import files

import pandas as pd

from sales_assets.warehouse.engine import WarehouseReader

_REVENUE_BY_DAY = (files("sales_assets.ml") / "sql" / "revenue_by_day.sql").read_text()


def read_revenue_by_day(warehouse: WarehouseReader) -> pd.DataFrame:
    """Read `order_date`, `segment` (`unknown` without one) and `revenue` of the ERP's sales from gold."""
    return warehouse.query(_REVENUE_BY_DAY)
