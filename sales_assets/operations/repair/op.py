"""`make repair` as a job of the catalog: shows what has to be run, and runs it if it is told to."""

import dagster as dg
from pydantic import Field

from sales_assets.catalog.names import DAILY_JOB
from sales_assets.catalog.partitions import DAILY, window_between
from sales_assets.errors import RefusedError
from sales_assets.operations.repair.launch import carry_out
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import plan_repair
from sales_assets.settings import settings
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader


class RepairConfig(dg.Config):
    """Which days to look at, and whether to mend what is found."""

    first_day: str = Field(
        default=str(DAILY.get_first_partition_key()), description="The first day to look at."
    )
    last_day: str | None = Field(default=None, description="The last one; yesterday unless told.")
    launch: bool = Field(default=False, description="Run the plan, instead of only showing it.")


@dg.op
def repair(
    context: dg.OpExecutionContext,
    config: RepairConfig,
    postgres_erp: PostgresResource,
    warehouse: dg.ResourceParam[WarehouseReader],
) -> None:
    """Finds what is missing, failed, stale or different from the ERP, and runs what mends it."""
    job = context.repository_def.get_job(DAILY_JOB)
    window = window_between(config.first_day, config.last_day or str(DAILY.get_last_partition_key()))
    plan = plan_repair(
        window,
        Lineage(job),
        context.instance,
        postgres_erp=postgres_erp,
        warehouse=warehouse,
        at_most=settings().max_partitions_per_run,
    )
    context.log.info(str(plan))
    if config.launch and (failed := carry_out(plan.parts, job, context.instance, context.log.info)):
        message = f"{failed} of {len(plan.parts)} run(s) failed; the log of this run names them."
        raise RefusedError(message)
