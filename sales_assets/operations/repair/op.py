"""The op of `repair_job`: `make repair` for the UI."""

import dagster as dg
from pydantic import Field

from sales_assets.catalog.names import DAILY_JOB
from sales_assets.catalog.partitions import DAILY, Window, window_between
from sales_assets.errors import RefusedError
from sales_assets.operations.repair.execute_plan import execute_plan
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import plan_repair
from sales_assets.settings import settings
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader


class RepairConfig(dg.Config):
    """Which days to examine, and whether to run the plan."""

    first_day: str = Field(
        default=str(DAILY.get_first_partition_key()),
        description="First business day to examine. Default: the first partition.",
    )
    last_day: str | None = Field(
        default=None, description="Last business day to examine. Default: yesterday."
    )
    outdated: bool = Field(
        default=False, description="Plan days that older code made too. By default they are only listed."
    )
    launch: bool = Field(
        default=False, description="Run the repair plan. By default it is only written to the log."
    )


@dg.op
def repair(
    context: dg.OpExecutionContext,
    config: RepairConfig,
    postgres_erp: PostgresResource,
    warehouse: dg.ResourceParam[WarehouseReader],
) -> None:
    """Lists partitions that are missing, failed, stale or different from the ERP, and plans their repair.

    `launch: true` runs the plan. If one of its runs fails, the log shows its days and the reason: fix the
    cause and launch the job again.
    """
    window = window_between(config.first_day, config.last_day or str(DAILY.get_last_partition_key()))
    repair_window(
        context,
        window,
        postgres_erp,
        warehouse,
        launch=config.launch,
        remake_outdated=config.outdated,
    )


def repair_window(
    context: dg.OpExecutionContext,
    window: Window,
    postgres_erp: PostgresResource,
    warehouse: WarehouseReader,
    *,
    launch: bool,
    remake_outdated: bool = False,
) -> None:
    """Plan the repair of some days, log the plan, and run it if asked to.

    Raises:
        RefusedError: Some runs failed.
    """
    job = context.repository_def.get_job(DAILY_JOB)
    plan = plan_repair(
        window,
        Lineage.of_job(job),
        context.instance,
        postgres_erp=postgres_erp,
        warehouse=warehouse,
        at_most=settings().max_partitions_per_run,
        remake_outdated=remake_outdated,
    )
    context.log.info(str(plan))
    if not launch:
        return
    failed = execute_plan(
        plan,
        job,
        context.instance,
        context.log.info,
        context.job_name,
        postgres_erp=postgres_erp,
        warehouse=warehouse,
    )
    if failed:
        message = (
            f"{failed} of {len(plan.runs)} run(s) failed; the log above shows their days and the reasons. "
            "What the other runs stored is kept. Fix the cause and run repair_job again."
        )
        raise RefusedError(message)
