"""The schedules: when which job runs, and for which days. On a laptop they are there, but stopped."""

from collections.abc import Iterator

import dagster as dg

from sales_assets.airbyte.checks import build_airbyte_check
from sales_assets.gaps import busy_days, day_statuses, missing_days, ranges, request
from sales_assets.jobs import daily_sales_pipeline
from sales_assets.partitions import DAILY
from sales_assets.settings import Settings

FIVE_IN_THE_MORNING = "0 5 * * *"
"""In the business time zone: late enough for the ERP's night jobs, early enough for the first report."""

SIX_IN_THE_MORNING = "0 6 * * *"
"""After the night's syncs, before somebody asks why a stream is not there."""


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The schedules of an environment."""

    @dg.schedule(
        job=daily_sales_pipeline,
        cron_schedule=FIVE_IN_THE_MORNING,
        execution_timezone=DAILY.timezone,
        default_status=dg.DefaultScheduleStatus.STOPPED
        if settings.is_local
        else dg.DefaultScheduleStatus.RUNNING,
    )
    def sales_pipeline_schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        """Yesterday's sales, and those of every day of late that is missing or failed."""
        days = DAILY.get_partition_keys(context.scheduled_execution_time)[-settings.lookback_days :]
        statuses = day_statuses(context.instance, daily_assets(context), days)
        wanted = {*missing_days(context.instance, statuses), *days[-1:]} - busy_days(statuses)
        for first, last in ranges(wanted, settings.max_partitions_per_run):
            yield request(first, last, f"{context.scheduled_execution_time.isoformat()} {first}..{last}")

    return [sales_pipeline_schedule, _airbyte_snapshot_schedule(settings)]


def _airbyte_snapshot_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Compares Airbyte's snapshot with the server every morning, where there is a real one."""
    is_running = settings.has_airbyte_url
    return dg.ScheduleDefinition(
        "airbyte_snapshot_schedule",
        target=dg.AssetSelection.checks(build_airbyte_check(settings)),
        cron_schedule=SIX_IN_THE_MORNING,
        execution_timezone=DAILY.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING if is_running else dg.DefaultScheduleStatus.STOPPED,
    )


def daily_assets(context: dg.ScheduleEvaluationContext) -> list[dg.AssetKey]:
    """The partitioned assets of the daily job."""
    repository = context.repository_def
    if repository is None:
        message = "The schedule was evaluated without its code location."
        raise dg.DagsterInvariantViolationError(message)
    layer = repository.get_job(daily_sales_pipeline.name).asset_layer
    return [key for key in layer.executable_asset_keys if layer.get(key).partitions_def == DAILY]
