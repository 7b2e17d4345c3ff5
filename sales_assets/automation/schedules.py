"""The schedules: when which job runs, and for which days. On a laptop they are there, but stopped."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from sales_assets.automation.jobs import daily_sales_pipeline, reconciliation_job
from sales_assets.catalog.partitions import DAILY
from sales_assets.checks import marketplace_files_arrive
from sales_assets.operations.repair.gaps import MISSING, find_gaps, request
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.planned_runs import plan_runs
from sales_assets.settings import Settings
from sales_assets.sources.airbyte.airbyte_checks import build_airbyte_check

FIVE_IN_THE_MORNING = "0 5 * * *"
"""In the business time zone: late enough for the ERP's night jobs, early enough for the first report."""

SIX_IN_THE_MORNING = "0 6 * * *"
"""In the business time zone: when the morning's run and the night's syncs have ended."""


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The schedules of an environment."""
    running, stopped = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    status = running if settings.runs_unattended else stopped

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
        found, busy = find_gaps(context.instance, lineage, days)
        found |= {day: dict.fromkeys(lineage.daily, MISSING) for day in days[-1:] if day not in busy}
        for part in plan_runs(found, lineage, settings.max_partitions_per_run):
            run_key = f"{context.scheduled_execution_time.isoformat()} {part.first}..{part.last}"
            is_everything = len(part.assets) == len(lineage.assets)
            yield request(part.first, part.last, run_key, None if is_everything else part.assets)

    files_arrive = dg.AssetSelection.checks(marketplace_files_arrive)
    is_current = dg.AssetSelection.checks(build_airbyte_check(settings))
    return [
        sales_pipeline_schedule,
        _at_six("reconciliation_schedule", reconciliation_job, status),
        _at_six("marketplace_freshness_schedule", files_arrive, status),
        _at_six("airbyte_snapshot_schedule", is_current, running if settings.has_airbyte_url else stopped),
    ]


def _at_six(name: str, target: Any, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        target=target,
        cron_schedule=SIX_IN_THE_MORNING,
        execution_timezone=DAILY.timezone,
        default_status=status,
    )


def _repository(context: dg.ScheduleEvaluationContext) -> dg.RepositoryDefinition:
    if context.repository_def is None:
        message = "The schedule was evaluated without its code location."
        raise dg.DagsterInvariantViolationError(message)
    return context.repository_def
