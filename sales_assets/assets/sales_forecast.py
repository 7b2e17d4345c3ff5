"""The forecast of the next 28 days, kept by the day on which it was made."""

import dagster as dg
import pandas as pd

from sales_assets.catalog.contracts import COLUMN_SCHEMA, SALES_FORECAST_SCHEMA
from sales_assets.catalog.names import ML, SLICE_COLUMN
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.ml.artefact import Artefact
from sales_assets.ml.packages import require_ml_packages
from sales_assets.ml.training import forecast_with_model


@dg.asset(
    group_name=ML,
    retry_policy=TRANSFORMATION,
    metadata={"schema": "gold", COLUMN_SCHEMA: SALES_FORECAST_SCHEMA, SLICE_COLUMN: "forecast_date"},
)
def sales_forecast(forecast_model: Artefact) -> pd.DataFrame:
    """Revenue of the next 28 days by segment and in total; earlier forecasts are kept."""
    require_ml_packages("sales_forecast")
    return forecast_with_model(forecast_model)
