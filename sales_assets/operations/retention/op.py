"""The op of `retention_job`."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from sales_assets.dbt.project import SalesDbtResource
from sales_assets.ml.model_io_manager import ModelIOManager
from sales_assets.settings import settings

if TYPE_CHECKING:
    from sales_assets.operations.retention.plan import RetentionPlan

REMOVE = {"ops": {"remove_old_history": {"config": {"remove": True}}}}
"""The run config of the schedule, which really removes."""


class RetentionConfig(dg.Config):
    """Whether to remove."""

    remove: bool = Field(
        default=False, description="Remove what the plan lists. By default it is only shown, in the metadata."
    )


@dg.op
def remove_old_history(
    context: dg.OpExecutionContext,
    config: RetentionConfig,
    dbt: SalesDbtResource,
    io_manager: dg.ResourceParam[Any],
    model_io_manager: dg.ResourceParam[ModelIOManager],
) -> None:
    """Lists history older than `SALES_RETENTION_DAYS` that nothing reads any more; `remove: true` removes it.

    If it fails, what the catalog shows is as it was: fix the cause and launch the job again.
    """
    # They import Dagster's storage, which the location's loading does not need.
    from sales_assets.operations.retention.plan import Places, plan_retention  # noqa: PLC0415
    from sales_assets.operations.retention.removal import remove_history  # noqa: PLC0415
    from sales_assets.operations.retention.space import reclaim_space  # noqa: PLC0415

    places = Places(context.instance, dbt.target_folder, io_manager.engine, model_io_manager.open_files())
    plan = plan_retention(places, find_cutoff(datetime.now(UTC)))
    context.log.info(str(plan))
    context.add_output_metadata(_describe(plan))
    if config.remove:
        remove_history(plan, places, context.log.info)
        space = reclaim_space(context.instance, context.run_id)
        context.log.info(space)
        context.add_output_metadata({"space": space})


def find_cutoff(now: datetime) -> datetime:
    """The time before which history is old."""
    return now - timedelta(days=settings().retention_days)


def _describe(plan: "RetentionPlan") -> dict[str, Any]:
    records = [
        dg.TableRecord({"what": what, "number": number, "MB": size}) for what, number, size in plan.rows
    ]
    return {
        "plan": dg.MetadataValue.table(records),
        "older_than": dg.MetadataValue.timestamp(plan.before),
        "runs_that_stay": plan.kept,
        "bytes": sum(plan.sizes.values()),
    }
