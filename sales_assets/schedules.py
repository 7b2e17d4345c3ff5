"""The schedules: when which job runs, and for which days. On a laptop they are there, but stopped."""

from collections.abc import Iterator

import dagster as dg

from sales_assets.gaps import busy_days, day_statuses, missing_days, ranges, request
from sales_assets.jobs import daily_sales_pipeline, reconciliation_job
from sales_assets.partitions import DAILY
from sales_assets.settings import Settings

FIVE_IN_THE_MORNING = "0 5 * * *"
"""In the business time zone: late enough for the ERP's night jobs, early enough for the first report."""

SIX_IN_THE_MORNING = "0 6 * * *"
"""In the business time zone: when the morning's run has ended."""


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The schedules of an environment."""
    running, stopped = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    status = stopped if settings.is_local else running

    @dg.schedule(
        job=daily_sales_pipeline,
        cron_schedule=FIVE_IN_THE_MORNING,
        execution_timezone=DAILY.timezone,
        default_status=status,
    )
    def sales_pipeline_schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        """Yesterday's sales, and those of every day of late that is missing or failed."""
        days = DAILY.get_partition_keys(context.scheduled_execution_time)[-settings.lookback_days :]
        statuses = day_statuses(context.instance, daily_assets(context), days)
        wanted = {*missing_days(context.instance, statuses), *days[-1:]} - busy_days(statuses)
        for first, last in ranges(wanted, settings.max_partitions_per_run):
            yield request(first, last, f"{context.scheduled_execution_time.isoformat()} {first}..{last}")

    reconciliation_schedule = dg.ScheduleDefinition(
        name="reconciliation_schedule",
        job=reconciliation_job,
        cron_schedule=SIX_IN_THE_MORNING,
        execution_timezone=DAILY.timezone,
        default_status=status,
    )
    return [sales_pipeline_schedule, reconciliation_schedule]


def daily_assets(context: dg.ScheduleEvaluationContext) -> list[dg.AssetKey]:
    """The partitioned assets of the daily job."""
    repository = context.repository_def
    if repository is None:
        message = "The schedule was evaluated without its code location."
        raise dg.DagsterInvariantViolationError(message)
    layer = repository.get_job(daily_sales_pipeline.name).asset_layer
    return [key for key in layer.executable_asset_keys if layer.get(key).partitions_def == DAILY]
