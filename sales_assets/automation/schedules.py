"""The schedules: when which job runs, and for which days. On a laptop they are registered, but stopped."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from sales_assets.automation.code_location import get_repository
from sales_assets.automation.jobs import (
    daily_sales_pipeline,
    digest_job,
    freshness_job,
    ml_pipeline_job,
    reconciliation_job,
    retention_job,
)
from sales_assets.automation.lake_schedules import build_lake_schedules
from sales_assets.catalog.names import YESTERDAY_CHECK
from sales_assets.catalog.partitions import DAILY
from sales_assets.catalog.policies import READY_HOUR
from sales_assets.catalog.weeks import WEEKLY
from sales_assets.operations.repair.gaps import MISSING, build_run_request, find_gaps
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.planned_runs import plan_runs
from sales_assets.operations.retention.op import REMOVE
from sales_assets.private_apis.instance import read_latest_evaluation
from sales_assets.settings import Settings
from sales_assets.sources.airbyte.airbyte_checks import build_airbyte_check

PIPELINE_CRON = "0 5 * * *"
"""In the business time zone: late enough for the ERP's night jobs, early enough for the first report."""

CHECKS_CRON = "0 6 * * *"
"""In the business time zone: after the morning's run and the night's syncs."""

DIGEST_CRON = f"15 {READY_HOUR} * * *"
"""In the business time zone: after it is known whether yesterday is complete."""

RETENTION_CRON = "0 3 * * 0"
"""In the business time zone: when the fewest runs are active, and before the morning's run."""

ML_CRON = "30 6 * * 1"
"""In the business time zone: after the morning's run has stored Sunday."""

_PIPELINE_DESCRIPTION = (
    "Runs yesterday, plus every missing or failed day within the last SALES_LOOKBACK_DAYS days, daily at "
    "05:00. If a run fails, fix the cause. The next morning includes its days; `make repair RUN=1` runs them "
    "at once."
)
_RECONCILIATION_DESCRIPTION = (
    "Compares the last SALES_LOOKBACK_DAYS days of gold with the ERP, daily at 06:00. If days differ, run "
    "`make repair` for a plan that fixes them."
)
_FRESHNESS_DESCRIPTION = (
    "Checks that yesterday is in every mart, complete and as in the ERP, daily at 08:00, and hourly until it "
    "passes. If it is not, the check says what is missing: fix the cause of the morning's run, then run "
    "`make repair RUN=1`."
)
_DIGEST_DESCRIPTION = (
    "Writes the morning's digest daily at 08:15; `alerts_sensor` tells it. If it fails, fix the cause and "
    "launch `digest_job`."
)
_AIRBYTE_DESCRIPTION = (
    "Compares the snapshot with Airbyte's server, daily at 06:00. If they differ, run "
    "`make airbyte-snapshot`, review the changes and commit them."
)
_ML_DESCRIPTION = (
    "Trains the models and forecasts the next 28 days, on Mondays at 06:30. If it fails, what was published "
    "last is kept: the check that failed says why. Launch `ml_pipeline_job` when it is mended."
)
_RETENTION_DESCRIPTION = (
    "Removes history older than SALES_RETENTION_DAYS that nothing reads any more, on Sundays at 03:00. What "
    "the catalog shows stays. If it fails, fix the cause; the next Sunday's run removes the rest, or launch "
    "`retention_job` with `remove: true`."
)


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Build the schedules of an environment."""
    running, stopped = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    status = running if settings.runs_unattended else stopped
    is_current = dg.AssetSelection.checks(build_airbyte_check(settings))
    airbyte_status = running if settings.has_airbyte_url else stopped
    return [
        _build_pipeline_schedule(settings, status),
        _build_cron_schedule(
            "reconciliation_schedule", CHECKS_CRON, reconciliation_job, status, _RECONCILIATION_DESCRIPTION
        ),
        _build_cron_schedule(
            "airbyte_snapshot_schedule", CHECKS_CRON, is_current, airbyte_status, _AIRBYTE_DESCRIPTION
        ),
        _build_freshness_schedule(status),
        _build_ml_schedule(status),
        _build_cron_schedule("digest_schedule", DIGEST_CRON, digest_job, status, _DIGEST_DESCRIPTION),
        _build_cron_schedule(
            "retention_schedule",
            RETENTION_CRON,
            retention_job,
            status,
            _RETENTION_DESCRIPTION,
            run_config=REMOVE,
        ),
        *build_lake_schedules(settings),
    ]


def _build_pipeline_schedule(settings: Settings, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    @dg.schedule(
        job=daily_sales_pipeline,
        cron_schedule=PIPELINE_CRON,
        execution_timezone=DAILY.timezone,
        default_status=status,
        description=_PIPELINE_DESCRIPTION,
    )
    def sales_pipeline_schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        lineage = Lineage.of_job(get_repository(context).get_job(daily_sales_pipeline.name))
        days = DAILY.get_partition_keys(context.scheduled_execution_time)[-settings.lookback_days :]
        gaps, in_progress = find_gaps(context.instance, lineage, days)
        # Yesterday always runs, even if it was loaded during the night, unless a run is in progress for it.
        gaps |= {day: dict.fromkeys(lineage.daily, MISSING) for day in days[-1:] if day not in in_progress}
        for run in plan_runs(gaps, lineage, settings.max_partitions_per_run):
            run_key = f"{context.scheduled_execution_time.isoformat()} {run.first}..{run.last}"
            has_all_assets = len(run.assets) == len(lineage.assets)
            yield build_run_request(run.first, run.last, run_key, None if has_all_assets else run.assets)

    return sales_pipeline_schedule


def _build_ml_schedule(status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    @dg.schedule(
        job=ml_pipeline_job,
        cron_schedule=ML_CRON,
        execution_timezone=DAILY.timezone,
        default_status=status,
        description=_ML_DESCRIPTION,
    )
    def ml_weekly_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        weeks = WEEKLY.get_partition_keys(context.scheduled_execution_time)
        if not weeks:
            return dg.SkipReason(f"No whole week is over since {DAILY.start.date()}, the first business day.")
        return dg.RunRequest(partition_key=weeks[-1])

    return ml_weekly_schedule


def _build_freshness_schedule(status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    @dg.schedule(
        job=freshness_job,
        cron_schedule=f"0 {READY_HOUR}-23 * * *",
        execution_timezone=DAILY.timezone,
        default_status=status,
        description=_FRESHNESS_DESCRIPTION,
    )
    def freshness_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        days = DAILY.get_partition_keys(context.scheduled_execution_time)
        if not days:
            return dg.SkipReason(f"{DAILY.start.date()}, the first business day, is not over.")
        yesterday = days[-1]
        latest = read_latest_evaluation(context.instance, YESTERDAY_CHECK)
        if latest and latest.passed and latest.metadata["day"].value == yesterday:
            return dg.SkipReason(f"{yesterday} was found complete already.")
        return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat())

    return freshness_schedule


def _build_cron_schedule(
    name: str,
    cron: str,
    target: Any,
    status: dg.DefaultScheduleStatus,
    description: str,
    *,
    run_config: Mapping[str, Any] | None = None,
) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        target=target,
        run_config=run_config,
        cron_schedule=cron,
        execution_timezone=DAILY.timezone,
        default_status=status,
        description=description,
    )
