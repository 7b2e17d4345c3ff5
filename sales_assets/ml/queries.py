"""Reads from the warehouse what models learn from: hundreds of sums, not millions of orders."""

from importlib.resources import files

import pandas as pd

from sales_assets.ml.holidays import Holidays, build_holidays
from sales_assets.warehouse.engine import WarehouseReader

_SQL = files("sales_assets.ml") / "sql"
_REVENUE_BY_DAY = (_SQL / "revenue_by_day.sql").read_text()
_HOLIDAYS = (_SQL / "holidays.sql").read_text()
_FORECAST_ACCURACY = (_SQL / "forecast_accuracy.sql").read_text()


def read_revenue_by_day(warehouse: WarehouseReader) -> pd.DataFrame:
    """Read `order_date`, `segment` (`unknown` without one) and `revenue` of the ERP's sales from gold."""
    return warehouse.query(_REVENUE_BY_DAY)


def read_holidays(warehouse: WarehouseReader) -> Holidays:
    """Read the holidays from the table `ml.holidays`, which exists."""
    return build_holidays(warehouse.query(_HOLIDAYS))


def read_forecast_accuracy(warehouse: WarehouseReader) -> pd.DataFrame:
    """Read `forecast_date`, `model`, `day_count` and `wape` of the latest forecast that can be judged."""
    return warehouse.query(_FORECAST_ACCURACY)
