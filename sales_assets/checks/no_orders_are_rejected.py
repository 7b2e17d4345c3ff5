"""The check that tells which days were stored without some of their orders, and what gold lacks."""

from decimal import Decimal

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import Window, choose_window
from sales_assets.operations.reconciliation.warehouse_days import read_rejected
from sales_assets.operations.repair.gaps import format_days
from sales_assets.settings import settings
from sales_assets.warehouse.engine import WarehouseReader

_MAX_TABLE_ROWS = 100


@dg.asset_check(asset=RAW_ORDERS_KEY)
def no_orders_are_rejected(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[WarehouseReader]
) -> dg.AssetCheckResult:
    """No day is stored without some of its orders, as `SALES_MAX_REJECTED_SHARE` allows.

    It looks at the days of the run, or else at those of the look-back, and only warns. If it fails, correct
    the orders in the ERP: `raw.rejected_orders` has their values and the rule that each fails. The
    late-change sensor, or a rerun of the day, then stores them and removes them from there.
    """
    window = choose_window(context.op_execution_context, settings().lookback_days)
    rejected = read_rejected(warehouse, window)
    return dg.AssetCheckResult(
        passed=rejected.empty,
        severity=dg.AssetCheckSeverity.WARN,
        description=describe_rejected(window, rejected),
        metadata={
            "rejected_orders": int(rejected["rejected"].sum()),
            "rejected_amount": str(sum(map(Decimal, rejected["rejected_amount"]), Decimal(0))),
            "table": dg.MetadataValue.md(
                rejected.sort_values("day")
                .head(_MAX_TABLE_ROWS)
                .to_markdown(index=False, disable_numparse=True)
            ),
        },
    )


def describe_rejected(window: Window, rejected: pd.DataFrame) -> str:
    """Describe what gold lacks in a sentence for people.

    Args:
        window: The days that were looked at.
        rejected: The days with rejected orders; see `read_rejected`.
    """
    if rejected.empty:
        return f"No order of {window} is rejected."
    amount = sum(map(Decimal, rejected["rejected_amount"]), Decimal(0))
    number, unknown = int(rejected["rejected"].sum()), int(rejected["without_amount"].sum())
    others = f" and {unknown} amount(s) that cannot be stored" if unknown else ""
    return (
        f"Gold lacks {number} order(s) of {format_days(rejected['day'])}, {amount} in total_amount{others}: "
        "they fail validation. Correct them in the ERP, which has the day rerun; raw.rejected_orders says "
        "what is wrong with each."
    )
