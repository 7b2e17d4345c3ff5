"""The check that no sale is lost or made between the layers of the warehouse."""

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import DAILY_SALES_KEY
from sales_assets.catalog.partitions import Window, choose_window
from sales_assets.operations.reconciliation.layers import compare_layers
from sales_assets.operations.reconciliation.warehouse_days import (
    read_daily_sales,
    read_gold_sales,
    read_raw,
    read_silver,
)
from sales_assets.settings import settings
from sales_assets.warehouse.engine import WarehouseReader

_MAX_NAMED = 3
_MAX_TABLE_ROWS = 100


@dg.asset_check(asset=DAILY_SALES_KEY)
def layers_agree(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[WarehouseReader]
) -> dg.AssetCheckResult:
    """Raw, silver, `fct_orders` and the ERP's channel of `daily_sales` have the same sales of each day.

    Number and amount are compared to the last digit, for the days of the run or else of the look-back. If it
    fails, the first layer that is named is the one that is wrong: run the day again with `make backfill`.
    """
    window = choose_window(context.op_execution_context, settings().lookback_days)
    with warehouse.connect() as reader:
        layers = {
            "raw_orders": read_raw(reader, window),
            "silver_enriched_orders": read_silver(reader, window),
            "fct_orders": read_gold_sales(reader, window),
            "daily_sales": read_daily_sales(reader, window),
        }
    differences = compare_layers(layers)
    table = differences.head(_MAX_TABLE_ROWS).to_markdown(index=False, disable_numparse=True)
    return dg.AssetCheckResult(
        passed=differences.empty,
        severity=dg.AssetCheckSeverity.ERROR,
        description=_describe(window, differences),
        metadata={
            "days": len(window.days),
            "days_that_differ": int(differences["day"].nunique()),
            "table": dg.MetadataValue.md(table),
        },
    )


def _describe(window: Window, differences: pd.DataFrame) -> str:
    if differences.empty:
        return f"All layers have the same sales of {window}."
    sentences = [
        f"{row.day}: {row.layer} has {row.sales} sale(s) of {row.total_amount}, "
        f"{row.before} {row.sales_before} of {row.total_amount_before}."
        for row in differences.head(_MAX_NAMED).itertuples()
    ]
    more = len(differences) - _MAX_NAMED
    rest = [f"{more} more difference(s) are in the table."] if more > 0 else []
    return " ".join([*sentences, *rest, "Run these days again, with `make backfill`."])
