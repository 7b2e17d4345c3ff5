"""The schedules: when which job runs. On a laptop they are there, but stopped."""

from typing import cast

import dagster as dg

from sales_assets.jobs import daily_sales_pipeline
from sales_assets.settings import Settings

HOUR = 5
"""In the business time zone: late enough for the ERP's night jobs, early enough for the first report."""


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The schedules of an environment."""
    status = dg.DefaultScheduleStatus.STOPPED if settings.is_local else dg.DefaultScheduleStatus.RUNNING
    daily = dg.build_schedule_from_partitioned_job(
        daily_sales_pipeline,
        name="sales_pipeline_schedule",
        description="Yesterday's sales, every morning.",
        hour_of_day=HOUR,
        default_status=status,
    )
    return [cast("dg.ScheduleDefinition", daily)]
