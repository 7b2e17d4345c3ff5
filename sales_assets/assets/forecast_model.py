"""The model that forecasts revenue: the candidate that wins a backtest, if it is good enough."""

import dagster as dg

from sales_assets.catalog.names import FCT_ORDERS_KEY, FORECAST_MODEL_KEY, ML
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.ml.artefact import Artefact
from sales_assets.ml.holidays import NO_HOLIDAYS
from sales_assets.ml.mlflow_mirror import mirror_model
from sales_assets.ml.model_io_manager import ModelIOManager
from sales_assets.ml.model_metadata import describe_model, record_model
from sales_assets.ml.packages import require_ml_packages
from sales_assets.ml.queries import read_holidays, read_revenue_by_day
from sales_assets.ml.training import train_model
from sales_assets.operations.reconciliation.warehouse_days import has_table
from sales_assets.settings import settings
from sales_assets.warehouse.engine import WarehouseReader


@dg.asset(
    group_name=ML,
    deps=[FCT_ORDERS_KEY],
    io_manager_key="model_io_manager",
    retry_policy=TRANSFORMATION,
    kinds={"scikitlearn", "json"},
)
def forecast_model(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[WarehouseReader],
    model_io_manager: dg.ResourceParam[ModelIOManager],
) -> dg.Output[Artefact]:
    """The candidate that forecast revenue best in past months; published if it beats both baselines."""
    require_ml_packages("forecast_model")
    published = model_io_manager.open(FORECAST_MODEL_KEY).read_published()
    code_version = context.assets_def.code_versions_by_key[FORECAST_MODEL_KEY] or ""
    with warehouse.connect() as reader:
        holidays = read_holidays(reader) if has_table(reader, "ml", "holidays") else NO_HOLIDAYS
        revenue = read_revenue_by_day(reader)
    model = train_model(revenue, code_version, published, holidays)
    mirror_model(record_model(model), settings())
    return dg.Output(model, metadata=describe_model(model))
