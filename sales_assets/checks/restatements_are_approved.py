"""The check that a closed month is not restated without a person's approval."""

import dagster as dg

from sales_assets.catalog.names import RESTATEMENT_CHECK
from sales_assets.catalog.partitions import DAILY, is_of_days, window_of
from sales_assets.catalog.remedies import format_approval
from sales_assets.operations.approval.closed_months import hold_back_restatements
from sales_assets.settings import Settings
from sales_assets.warehouse.engine import WarehouseReader


def build_restatement_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Build the check; none if months are never closed, because it would cost each run a step."""
    if settings.closed_after_days is None:
        return []

    @dg.asset_check(name=RESTATEMENT_CHECK.name, asset=RESTATEMENT_CHECK.asset_key, blocking=True)
    def restatements_are_approved(
        context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[WarehouseReader]
    ) -> dg.AssetCheckResult:
        """A month closed since SALES_CLOSED_AFTER_DAYS keeps its revenue within SALES_RESTATEMENT_LIMIT.

        If it fails, gold keeps what was published. Find out why the ERP's orders changed; then publish the
        new revenue with `sales-assets approve MONTH --why …`, or correct the ERP and run the days again.
        """
        run = context.op_execution_context
        days = (
            window_of(run).days if is_of_days(run) else DAILY.get_partition_keys()[-settings.lookback_days :]
        )
        held = hold_back_restatements(days, context.instance, warehouse, settings)
        reasons = [f"{entry.reason} {format_approval(entry.subject)}" for entry in held]
        return dg.AssetCheckResult(
            passed=not held,
            description=" ".join(reasons) or "No closed month is restated.",
            metadata={"months_held_back": len(held)},
        )

    return [restatements_are_approved]
