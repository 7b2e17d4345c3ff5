"""The reconciliation of gold with the ERP: count and sum of each day's sales."""

import dagster as dg
import pandas as pd
from pydantic import Field

from sales_assets.catalog.names import ERP_POOL, FCT_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY, Window, window_between, window_of
from sales_assets.operations.reconciliation.compare import CHANGED
from sales_assets.operations.reconciliation.reconcile import reconcile
from sales_assets.operations.repair.gaps import format_days
from sales_assets.settings import settings
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader

SHOWN_DAYS = 100


class ReconciliationConfig(dg.Config):
    """Which days are compared in a run that is not about certain days."""

    first_day: str | None = Field(
        default=None, description="The first day; `SALES_LOOKBACK_DAYS` before the last one unless told."
    )
    last_day: str | None = Field(default=None, description="The last day; yesterday unless told.")


@dg.asset_check(asset=FCT_ORDERS_KEY, pool=ERP_POOL)
def agrees_with_the_erp(
    context: dg.AssetCheckExecutionContext,
    config: ReconciliationConfig,
    postgres_erp: PostgresResource,
    warehouse: dg.ResourceParam[WarehouseReader],
) -> dg.AssetCheckResult:
    """Every day has as many sales, of the same total amount, as the ERP has now.

    In a run of certain days those are compared, otherwise those of the config. It only warns if all days
    that differ changed in the ERP after they were loaded: `erp_late_changes_sensor` has them run again.
    """
    window = _window(context, config)
    found = reconcile(window, postgres_erp, warehouse, context.instance)
    only_late = set(found["reason"]) == {CHANGED}
    return dg.AssetCheckResult(
        passed=found.empty,
        severity=dg.AssetCheckSeverity.WARN if only_late else dg.AssetCheckSeverity.ERROR,
        description=sentence(window, found),
        metadata={
            "window": window.interval,
            "days": len(window.days),
            "days_that_differ": len(found),
            "table": dg.MetadataValue.md(found.head(SHOWN_DAYS).to_markdown(index=False)),
        },
    )


def sentence(window: Window, found: pd.DataFrame) -> str:
    """What was found, for the person who reads it.

    Args:
        window: The days that were compared.
        found: Those that differ; see `transforms.reconciliation.differences`.
    """
    if found.empty:
        return f"Gold has exactly the ERP's sales of {window}."
    groups = found.groupby("reason", sort=True)["day"]
    reasons = "; ".join(f"{format_days(list(days))}: {reason}" for reason, days in groups)
    mend = "`make repair` plans what mends them."
    return f"{len(found)} day(s) of {window} differ from the ERP. {reasons}. {mend}"


def _window(context: dg.AssetCheckExecutionContext, config: ReconciliationConfig) -> Window:
    run = context.op_execution_context
    if run.has_partition_key or run.has_partition_key_range:
        return window_of(run)
    last = config.last_day or str(DAILY.get_last_partition_key())
    late = [day for day in DAILY.get_partition_keys() if day <= last][-settings().lookback_days :]
    return window_between(config.first_day or (late or [last])[0], last)
