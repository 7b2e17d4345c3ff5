"""The op of `approve_job`: `sales-assets approve` for the UI."""

import dagster as dg
from pydantic import Field

from sales_assets.catalog.approvals import record_approval
from sales_assets.catalog.names import MONTHLY_REVENUE_KEY
from sales_assets.ml.model_io_manager import ModelIOManager
from sales_assets.operations.approval.closed_months import month_window
from sales_assets.operations.approval.models import MODEL_SUBJECTS, approve_model, describe_next_step
from sales_assets.operations.repair.op import repair_window
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader


class ApprovalConfig(dg.Config):
    """Who approves what, and why."""

    what: str = Field(
        description="What waits: a month, such as 2025-03, or a model: forecast_model, customer_churn_scores."
    )
    by: str = Field(description="Who approves it.")
    why: str = Field(description="The reason, for those who ask next year.")


@dg.op
def approve(
    context: dg.OpExecutionContext,
    config: ApprovalConfig,
    postgres_erp: PostgresResource,
    warehouse: dg.ResourceParam[WarehouseReader],
    model_io_manager: dg.ResourceParam[ModelIOManager],
) -> None:
    """Records the approval of a restated month or of a model, and publishes it.

    The approval is for the revenue that was told. If a run of the month fails, fix the cause and run
    `repair_job`: the approval stays until the orders change again.
    """
    if config.what in MODEL_SUBJECTS:
        held = approve_model(context.instance, model_io_manager, config.what, by=config.by, why=config.why)
        context.log.info(f"Approved by {config.by}: {held.reason} {describe_next_step(config.what)}")
        return
    held = record_approval(context.instance, MONTHLY_REVENUE_KEY, config.what, by=config.by, why=config.why)
    context.log.info(f"Approved by {config.by}: {held.reason}")
    repair_window(context, month_window(config.what), postgres_erp, warehouse, launch=True)
