"""The schedules of the lake: when gold's days are published, and when its files are maintained.

They run where the deployment has a lake and nobody watches; on a laptop they are registered, but stopped.
"""

from collections.abc import Iterator

import dagster as dg

from sales_assets.automation.jobs import lake_job, lake_maintenance_job
from sales_assets.catalog.partitions import DAILY
from sales_assets.operations.lake.unpublished import find_unpublished_days
from sales_assets.operations.repair.gaps import build_run_request, group_into_ranges
from sales_assets.settings import Settings

LAKE_CRON = "45 * * * *"
"""After the morning's run, and whenever a day was corrected; without new days of gold no run is launched."""

LAKE_MAINTENANCE_CRON = "0 4 * * 0"
"""In the business time zone: when the fewest runs are active, and before the morning's run."""


def build_lake_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Build the schedules of an environment."""
    runs = settings.runs_unattended and settings.has_lake
    status = dg.DefaultScheduleStatus.RUNNING if runs else dg.DefaultScheduleStatus.STOPPED
    maintenance = dg.ScheduleDefinition(
        name="lake_maintenance_schedule",
        target=lake_maintenance_job,
        cron_schedule=LAKE_MAINTENANCE_CRON,
        execution_timezone=DAILY.timezone,
        default_status=status,
        description=(
            "Compacts the lake's files, expires old snapshots and removes what no snapshot names, on Sundays "
            "at 04:00. If it fails, fix the cause; the next Sunday's run does it, or launch "
            "`lake_maintenance_job`."
        ),
    )
    return [_build_lake_schedule(settings, status), maintenance]


def _build_lake_schedule(settings: Settings, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    @dg.schedule(
        job=lake_job,
        cron_schedule=LAKE_CRON,
        execution_timezone=DAILY.timezone,
        default_status=status,
        description=(
            "Publishes to the lake what gold stored since, every hour at a quarter to. If a run fails, "
            "readers keep the days that were published before: fix the cause. The next hour's run includes "
            "its days."
        ),
    )
    def lake_schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        days = DAILY.get_partition_keys(context.scheduled_execution_time)
        found = find_unpublished_days(context.instance, days)
        if not found:
            yield dg.SkipReason("The lake has all days that gold stored.")
        for first, last in group_into_ranges(found, settings.max_partitions_per_run):
            run_key = f"{context.scheduled_execution_time.isoformat()} {first}..{last}"
            yield build_run_request(first, last, run_key)

    return lake_schedule
