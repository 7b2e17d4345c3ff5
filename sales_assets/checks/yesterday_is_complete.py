"""The check that the marts are ready in the morning: yesterday is there, complete, and agrees with the ERP.

A freshness policy looks at the latest materialization of any day, so a backfill of an old month satisfies it.
This check looks at the day.
"""

from collections.abc import Sequence

import dagster as dg
from pydantic import Field

from sales_assets.catalog.names import DAILY_SALES_KEY, ERP_POOL, YESTERDAY_CHECK
from sales_assets.catalog.partitions import DAILY, window_between
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import RepairPlan, plan_repair
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader


class BusinessDayConfig(dg.Config):
    """The day to examine."""

    day: str | None = Field(default=None, description="The business day. Default: yesterday.")


def build_yesterday_check(assets: Sequence[dg.AssetsDefinition]) -> dg.AssetChecksDefinition:
    """Build the check.

    Args:
        assets: Every asset of the location; those that `daily_sales` is made of are examined.
    """
    # Not of the other marts, which the run that evaluates the check may still be building.
    lineage = Lineage.leading_to(DAILY_SALES_KEY, assets)

    @dg.asset_check(name=YESTERDAY_CHECK.name, asset=YESTERDAY_CHECK.asset_key, pool=ERP_POOL)
    def yesterday_is_complete(
        context: dg.AssetCheckExecutionContext,
        config: BusinessDayConfig,
        postgres_erp: PostgresResource,
        warehouse: dg.ResourceParam[WarehouseReader],
    ) -> dg.AssetCheckResult:
        """Yesterday is in every table from raw to `daily_sales`, and its sales are those of the ERP.

        `freshness_schedule` runs it daily at 08:00, and hourly until it passes. If it fails, its description
        says what is missing: fix the cause of the morning's run, then run `make repair RUN=1`.
        """
        day = config.day or str(DAILY.get_last_partition_key() or DAILY.start.date())
        plan = plan_repair(
            window_between(day, day),
            lineage,
            context.instance,
            postgres_erp=postgres_erp,
            warehouse=warehouse,
            at_most=None,
        )
        runs = {"runs_needed": len(plan.runs)}
        return dg.AssetCheckResult(
            passed=is_complete(plan), description=str(plan), metadata={"day": day, **runs}
        )

    return yesterday_is_complete


def is_complete(plan: RepairPlan) -> bool:
    """Whether nothing has to be run for the days of a plan, nothing is running, and no day differs."""
    return not (plan.runs or plan.in_progress or plan.not_in_erp or plan.in_vain)
