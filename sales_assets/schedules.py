"""The schedules: when which job runs, and for which days. On a laptop they are there, but stopped."""

from collections.abc import Iterator

import dagster as dg

from sales_assets.airbyte.checks import build_airbyte_check
from sales_assets.checks import marketplace_files_arrive
from sales_assets.jobs import daily_sales_pipeline, reconciliation_job
from sales_assets.partitions import DAILY
from sales_assets.repair.gaps import MISSING, request, troubles
from sales_assets.repair.lineage import Lineage
from sales_assets.repair.plans import parts_of
from sales_assets.settings import Settings

FIVE_IN_THE_MORNING = "0 5 * * *"
"""In the business time zone: late enough for the ERP's night jobs, early enough for the first report."""

SIX_IN_THE_MORNING = "0 6 * * *"
"""In the business time zone: when the morning's run and the night's syncs have ended."""


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
        lineage = Lineage(_repository(context).get_job(daily_sales_pipeline.name))
        days = DAILY.get_partition_keys(context.scheduled_execution_time)[-settings.lookback_days :]
        found, busy = troubles(context.instance, lineage, days)
        found |= {day: dict.fromkeys(lineage.daily, MISSING) for day in days[-1:] if day not in busy}
        for part in parts_of(found, lineage, settings.max_partitions_per_run):
            run_key = f"{context.scheduled_execution_time.isoformat()} {part.first}..{part.last}"
            is_everything = len(part.assets) == len(lineage.assets)
            yield request(part.first, part.last, run_key, None if is_everything else part.assets)

    reconciliation_schedule = dg.ScheduleDefinition(
        name="reconciliation_schedule",
        job=reconciliation_job,
        cron_schedule=SIX_IN_THE_MORNING,
        execution_timezone=DAILY.timezone,
        default_status=status,
    )
    marketplace_freshness_schedule = dg.ScheduleDefinition(
        name="marketplace_freshness_schedule",
        target=dg.AssetSelection.checks(marketplace_files_arrive),
        cron_schedule=SIX_IN_THE_MORNING,
        execution_timezone=DAILY.timezone,
        default_status=status,
    )
    return [
        sales_pipeline_schedule,
        reconciliation_schedule,
        marketplace_freshness_schedule,
        _airbyte_snapshot_schedule(settings),
    ]


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


def _repository(context: dg.ScheduleEvaluationContext) -> dg.RepositoryDefinition:
    if context.repository_def is None:
        message = "The schedule was evaluated without its code location."
        raise dg.DagsterInvariantViolationError(message)
    return context.repository_def
