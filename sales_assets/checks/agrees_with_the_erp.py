"""The check that reconciles gold with the ERP: number and amount of each day's sales."""

import dagster as dg
import pandas as pd
from pydantic import Field

from sales_assets.catalog.names import ERP_POOL, LAST_COMPARED_DAY, RECONCILIATION_CHECK
from sales_assets.catalog.partitions import DAILY, Window, is_of_days, window_between, window_of
from sales_assets.operations.reconciliation.compare import CHANGED_AFTER_LOAD, WITHOUT_AMOUNT
from sales_assets.operations.reconciliation.reconcile import reconcile
from sales_assets.operations.repair.gaps import format_days
from sales_assets.settings import settings
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader

MAX_TABLE_ROWS = 100


class ReconciliationConfig(dg.Config):
    """The days to compare in a run without partitions."""

    first_day: str | None = Field(
        default=None,
        description="First business day. Default: `SALES_LOOKBACK_DAYS` days up to the last one.",
    )
    last_day: str | None = Field(default=None, description="Last business day. Default: yesterday.")


@dg.asset_check(name=RECONCILIATION_CHECK.name, asset=RECONCILIATION_CHECK.asset_key, pool=ERP_POOL)
def agrees_with_the_erp(
    context: dg.AssetCheckExecutionContext,
    config: ReconciliationConfig,
    postgres_erp: PostgresResource,
    warehouse: dg.ResourceParam[WarehouseReader],
) -> dg.AssetCheckResult:
    """Gold has as many sales per day, of the same total amount, as the ERP has now, less the rejected orders.

    `reconciliation_schedule` runs it daily at 06:00, and each command for its own days. A run of certain
    days compares these days, any other run the days of the config. If all differing days changed in the ERP
    after their load, the check only warns: `erp_late_changes_sensor` reloads them. Otherwise run
    `make repair` for a plan that fixes them. `no_orders_are_rejected` tells what was rejected.
    """
    window = _choose_window(context, config)
    differences, rejected = reconcile(window, postgres_erp, warehouse, context.instance)
    is_harmless = set(differences["reason"]) <= {CHANGED_AFTER_LOAD, WITHOUT_AMOUNT}
    return dg.AssetCheckResult(
        passed=differences.empty,
        severity=dg.AssetCheckSeverity.WARN if is_harmless else dg.AssetCheckSeverity.ERROR,
        description=describe_differences(window, differences, rejected),
        metadata={
            "window": window.interval,
            "days": len(window.days),
            LAST_COMPARED_DAY: window.days[-1],
            "days_that_differ": len(differences),
            "differing_days": sorted(differences["day"]),
            "table": dg.MetadataValue.md(format_differences(differences)),
        },
    )


def describe_differences(window: Window, differences: pd.DataFrame, rejected: int) -> str:
    """Describe the differences in a sentence for people.

    Args:
        window: The days that were compared.
        differences: The days that differ; see `compare_sales`.
        rejected: The number of orders in `raw.rejected_orders`.
    """
    if differences.empty:
        less = f", less {rejected} order(s) in raw.rejected_orders" if rejected else ""
        return f"Gold has exactly the ERP's sales of {window}{less}."
    days_by_reason = differences.groupby("reason", sort=True)["day"]
    reasons = "; ".join(f"{format_days(list(days))}: {reason}" for reason, days in days_by_reason)
    remedy = "Run `make repair` for a plan that fixes them."
    return f"{len(differences)} day(s) of {window} differ from the ERP. {reasons}. {remedy}"


def format_differences(differences: pd.DataFrame) -> str:
    """Format the first differences as a Markdown table, with every digit of the amounts.

    By default tabulate parses numbers and shows six digits: 1234567.89 and 1234567.90 would look the same.

    Args:
        differences: The days that differ; see `compare_sales`.
    """
    return differences.head(MAX_TABLE_ROWS).to_markdown(index=False, disable_numparse=True)


def _choose_window(context: dg.AssetCheckExecutionContext, config: ReconciliationConfig) -> Window:
    run = context.op_execution_context
    if is_of_days(run):
        return window_of(run)
    last = config.last_day or str(DAILY.get_last_partition_key())
    if config.first_day:
        return window_between(config.first_day, last)
    # If the last day is invalid, no partition may precede it, and `window_between` refuses it.
    days = [day for day in DAILY.get_partition_keys() if day <= last][-settings().lookback_days :]
    return window_between(days[0] if days else last, last)
