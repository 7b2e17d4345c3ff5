"""The check that a forecast is about as right as its backtest let expect."""

import dagster as dg

from sales_assets.catalog.names import FORECAST_MODEL_KEY, SALES_FORECAST_KEY
from sales_assets.ml.model_io_manager import ModelIOManager
from sales_assets.ml.queries import read_forecast_accuracy
from sales_assets.operations.reconciliation.warehouse_days import has_table
from sales_assets.warehouse.engine import WarehouseReader


@dg.asset_check(asset=SALES_FORECAST_KEY)
def forecast_keeps_its_promise(
    warehouse: dg.ResourceParam[WarehouseReader], model_io_manager: dg.ResourceParam[ModelIOManager]
) -> dg.AssetCheckResult:
    """The latest forecast of which two weeks are known erred no more than in the worst month of its backtest.

    It reads `gold/forecast_accuracy`, and only warns. If it fails, something has changed that the model does
    not know: look at `gold/sales_anomalies` for these days, and do not plan with the forecast until a later
    one is right.
    """
    with warehouse.connect() as reader:
        has_mart = has_table(reader, "gold", "forecast_accuracy")
        known = read_forecast_accuracy(reader) if has_mart else None
    if known is None or known.empty:
        return dg.AssetCheckResult(passed=True, description="No forecast is two weeks old yet.")
    latest = known.iloc[0]
    version = str(latest["model"]).rpartition(" ")[2]
    model = model_io_manager.open(FORECAST_MODEL_KEY).read_version(version)
    if model is None:
        return dg.AssetCheckResult(passed=True, description=f"Its model {version} is no longer kept.")
    wape, worst = float(latest["wape"]), max(model.wape_by_origin.values())
    return dg.AssetCheckResult(
        passed=wape <= worst,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            f"The forecast of {latest['forecast_date']:%Y-%m-%d} erred by {wape:.1%} over "
            f"{int(latest['day_count'])} days; in the worst month of its backtest it was {worst:.1%}."
        ),
        metadata={"wape": wape, "worst_of_backtest": worst},
    )
