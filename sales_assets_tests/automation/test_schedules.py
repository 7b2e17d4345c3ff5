"""The schedule: every tick requests yesterday and the gaps, and nothing else."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import AssetKey, AssetMaterialization, AssetObservation
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent

from sales_assets.automation.schedules import build_schedules
from sales_assets.catalog.names import NO_DATA_TAG, YESTERDAY_CHECK
from sales_assets.definitions import defs
from sales_assets.operations.repair.gaps import RANGE_END, RANGE_START, group_into_ranges
from sales_assets.settings import Settings
from sales_assets_tests.support.quick_instances import stored_instance

DAILY_ASSETS = [
    ["raw_orders"],
    ["raw_customers"],
    ["silver_enriched_orders"],
    ["staging", "stg_orders"],
    ["staging", "stg_customers"],
    ["gold", "fct_orders"],
]
TICK = datetime(2025, 3, 10, 5, tzinfo=UTC)
WEEK = [f"2025-03-0{day}" for day in range(3, 10)]


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return defs.get_repository_def()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with stored_instance(tmp_path) as instance:  # a schedule's context needs one that can be loaded again
        yield instance


def materialize(
    instance: dg.DagsterInstance, days: Sequence[str], assets: Sequence[list[str]] = DAILY_ASSETS
) -> None:
    for path in assets:
        for day in days:
            instance.report_runless_asset_event(AssetMaterialization(AssetKey(path), partition=day))


def evaluate(
    schedule: dg.ScheduleDefinition,
    repository: dg.RepositoryDefinition,
    instance: dg.DagsterInstance,
    tick: datetime,
) -> Any:
    with dg.build_schedule_context(
        instance, scheduled_execution_time=tick, repository_def=repository
    ) as context:
        return schedule.evaluate_tick(context)


def request_days(
    repository: dg.RepositoryDefinition,
    instance: dg.DagsterInstance,
    tick: datetime = TICK,
    schedule: dg.ScheduleDefinition | None = None,
) -> list[str]:
    schedule = schedule or repository.get_schedule_def("sales_pipeline_schedule")
    requests = evaluate(schedule, repository, instance, tick).run_requests or []
    assert all(request.run_key and tick.isoformat() in request.run_key for request in requests)
    assert len({request.run_key for request in requests}) == len(requests)
    return [
        request.partition_key or f"{request.tags.get(RANGE_START)}..{request.tags.get(RANGE_END)}"
        for request in requests
    ]


@pytest.mark.slow
def test_at_five_in_the_morning_yesterday_is_requested(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    schedule = repository.get_schedule_def("sales_pipeline_schedule")
    assert schedule.cron_schedule == "0 5 * * *"
    assert schedule.job_name == "daily_sales_pipeline"
    materialize(instance, WEEK[:-1])
    assert request_days(repository, instance) == ["2025-03-09"]


def test_days_missed_by_a_stopped_daemon_are_requested_as_one_range_with_yesterday(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    materialize(instance, WEEK[:3])
    assert request_days(repository, instance) == ["2025-03-06..2025-03-09"]


def test_gaps_that_are_not_adjacent_are_separate_ranges(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    materialize(instance, [WEEK[1], WEEK[4], WEEK[5]])
    assert request_days(repository, instance) == ["2025-03-03", "2025-03-05..2025-03-06", "2025-03-09"]


def test_a_day_is_missing_if_one_of_its_assets_was_never_materialized(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    materialize(instance, WEEK, DAILY_ASSETS[:-1])
    materialize(instance, [day for day in WEEK if day != "2025-03-05"], DAILY_ASSETS[-1:])
    assert request_days(repository, instance) == ["2025-03-05", "2025-03-09"]


def test_days_with_gaps_only_in_gold_are_runs_of_dbt_separate_from_a_day_with_other_gaps(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    materialize(instance, WEEK, DAILY_ASSETS[:2])
    materialize(instance, [day for day in WEEK if day != WEEK[1]], DAILY_ASSETS[2:3])
    schedule = repository.get_schedule_def("sales_pipeline_schedule")
    before, bad, after, yesterday = evaluate(schedule, repository, instance, TICK).run_requests or []
    assert before.partition_key == WEEK[0]
    assert {key.path[0] for key in before.asset_selection or ()} == {"staging", "gold"}
    assert bad.partition_key == WEEK[1]
    assert bad.asset_selection is None
    assert after.tags[RANGE_END] == WEEK[5]
    assert before.asset_selection == after.asset_selection
    assert yesterday.partition_key == WEEK[-1]


def test_a_day_without_data_is_not_a_gap(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    materialize(instance, [day for day in WEEK if day != "2025-03-05"])
    observation = AssetObservation(
        AssetKey("raw_orders"), partition="2025-03-05", metadata={NO_DATA_TAG: True}
    )
    instance.report_runless_asset_event(observation)
    assert request_days(repository, instance) == ["2025-03-09"]


@pytest.mark.slow
def test_a_failed_day_is_requested_again_and_one_in_progress_is_not(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    materialize(instance, WEEK[:-1])
    job = repository.get_job("daily_sales_pipeline")
    failed = instance.create_run_for_job(job, tags={"dagster/partition": "2025-03-06"})
    record_planned(instance, failed, "2025-03-06")
    assert request_days(repository, instance) == ["2025-03-09"]
    instance.report_run_failed(failed)
    assert request_days(repository, instance) == ["2025-03-06", "2025-03-09"]
    queued = instance.create_run_for_job(job, tags={"dagster/partition": "2025-03-09"})
    record_planned(instance, queued, "2025-03-09")
    assert request_days(repository, instance) == ["2025-03-06"]


def record_planned(instance: dg.DagsterInstance, run: dg.DagsterRun, day: str) -> None:
    """Record what Dagster records for each partition when a run is created."""
    data = AssetMaterializationPlannedData(AssetKey("raw_orders"), partition=day)
    event = DagsterEvent.build_asset_materialization_planned_event(run.job_name, "raw_orders", data)
    instance.report_dagster_event(event, run.run_id)


def test_yesterday_is_looked_at_from_eight_on_every_hour_until_it_is_complete(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    schedule = repository.get_schedule_def("freshness_schedule")
    assert (schedule.cron_schedule, schedule.job_name) == ("0 8-23 * * *", "freshness_job")

    def is_looked_at(passed: bool, day: str) -> bool:
        asset, name = YESTERDAY_CHECK.asset_key, YESTERDAY_CHECK.name
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(asset_key=asset, check_name=name, passed=passed, metadata={"day": day})
        )
        return bool(request_days(repository, instance, TICK.replace(hour=9), schedule))

    assert is_looked_at(passed=True, day="2025-03-08")
    assert is_looked_at(passed=False, day="2025-03-09")
    assert not is_looked_at(passed=True, day="2025-03-09")


def test_every_schedule_job_and_op_of_the_ui_has_a_description(repository: dg.RepositoryDefinition) -> None:
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    ops = [node.definition for node in repository.get_job("repair_job").nodes]
    descriptions = {
        **{schedule.name: schedule.description for schedule in repository.schedule_defs},
        **{job.name: job.description for job in jobs},
        **{op.name: op.description for op in ops},
    }
    assert len(descriptions) > 10
    assert [name for name, description in descriptions.items() if not description] == []


def test_nothing_before_the_first_day_is_requested(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    tick = datetime(2025, 1, 3, 5, tzinfo=UTC)
    assert request_days(repository, instance, tick) == ["2025-01-01..2025-01-02"]


@pytest.mark.parametrize("name", ["sales_pipeline_schedule", "freshness_schedule", "ml_weekly_schedule"])
def test_before_the_first_day_is_over_a_tick_requests_nothing(
    name: str, repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    tick = datetime(2025, 1, 1, 9, tzinfo=UTC)
    assert request_days(repository, instance, tick, repository.get_schedule_def(name)) == []


def test_models_are_trained_once_a_whole_week_is_over(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    schedule = repository.get_schedule_def("ml_weekly_schedule")
    ticks = [datetime(2025, 1, day, 6, 30, tzinfo=UTC) for day in (6, 13)]
    early, later = (evaluate(schedule, repository, instance, tick) for tick in ticks)
    assert early.skip_message == "No whole week is over since 2025-01-01, the first business day."
    assert [request.partition_key for request in later.run_requests or []] == ["2025-01-06"]


def test_the_look_back_and_the_length_of_a_run_are_settings(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance
) -> None:
    schedule, *_ = build_schedules(Settings(lookback_days=5, max_partitions_per_run=2))
    expected = ["2025-03-05..2025-03-06", "2025-03-07..2025-03-08", "2025-03-09"]
    assert request_days(repository, instance, schedule=schedule) == expected


@pytest.mark.parametrize(
    ("days", "at_most", "expected"),
    [
        ([], None, []),
        (["2025-02-28", "2025-03-01"], None, [("2025-02-28", "2025-03-01")]),
        (["2025-03-01", "2025-03-02", "2025-03-01"], None, [("2025-03-01", "2025-03-02")]),
        (["2025-03-03", "2025-03-01"], None, [("2025-03-01", "2025-03-01"), ("2025-03-03", "2025-03-03")]),
        (["2025-03-01", "2025-03-02", "2025-03-03"], 2, [("2025-03-01", "2025-03-02"), ("2025-03-03",) * 2]),
    ],
)
def test_days_are_grouped_into_the_fewest_ranges_that_cover_exactly_them(
    days: list[str], at_most: int | None, expected: list[tuple[str, str]]
) -> None:
    assert group_into_ranges(days, at_most) == expected
