"""The schedule: which day it asks for, and when."""

from datetime import UTC, datetime

import dagster as dg

from sales_assets.definitions import build_definitions
from sales_assets.settings import Environment, Settings


def test_at_five_in_the_morning_yesterday_is_requested() -> None:
    repository = build_definitions(Settings(environment=Environment.PROD)).get_repository_def()
    schedule = repository.get_schedule_def("sales_pipeline_schedule")
    assert schedule.cron_schedule == "0 5 * * *"
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2025, 3, 2, 5, tzinfo=UTC), repository_def=repository
    )
    [request] = schedule.evaluate_tick(context).run_requests or []
    assert request.partition_key == "2025-03-01"
    assert schedule.job_name == "daily_sales_pipeline"
