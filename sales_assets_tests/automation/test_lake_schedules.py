"""The lake's schedules: they request what gold stored since, and run only where there is a lake."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.automation.lake_schedules import build_lake_schedules
from sales_assets.catalog.names import DAILY_SALES_KEY, FCT_ORDERS_KEY
from sales_assets.definitions import defs
from sales_assets.operations.lake.unpublished import (
    LAKE_DAILY_SALES_KEY,
    LAKE_FCT_ORDERS_KEY,
    find_unpublished_days,
)
from sales_assets.settings import Environment, Settings, parse_settings
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.quick_instances import stored_instance

DAYS = ["2025-01-14", "2025-01-15", "2025-01-16", "2025-01-17"]
LAKE = (LAKE_FCT_ORDERS_KEY, LAKE_DAILY_SALES_KEY)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with stored_instance(tmp_path) as instance:  # a schedule's context needs one that can be loaded again
        yield instance


def store(instance: dg.DagsterInstance, *keys: dg.AssetKey, days: list[str] | None = None) -> None:
    for key in keys:
        for day in days or [None]:  # type: ignore[list-item]
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))


def request(instance: dg.DagsterInstance, settings: Settings) -> list[dict[str, str]]:
    schedule, _ = build_lake_schedules(settings)
    tick = datetime(2025, 1, 20, 6, 45, tzinfo=UTC)
    with dg.build_schedule_context(
        instance=instance, scheduled_execution_time=tick, repository_def=defs.get_repository_def()
    ) as context:
        return [dict(each.tags) for each in schedule.evaluate_tick(context).run_requests or []]


def test_a_day_is_published_until_both_tables_are_as_new_as_gold(instance: dg.DagsterInstance) -> None:
    assert find_unpublished_days(instance, DAYS) == []
    store(instance, FCT_ORDERS_KEY, days=DAYS[:3])
    store(instance, DAILY_SALES_KEY)
    assert find_unpublished_days(instance, DAYS) == DAYS[:3]
    store(instance, LAKE_FCT_ORDERS_KEY, days=DAYS[:3])
    assert find_unpublished_days(instance, DAYS) == DAYS[:3]
    store(instance, LAKE_DAILY_SALES_KEY, days=DAYS[:3])
    assert find_unpublished_days(instance, DAYS) == []
    store(instance, FCT_ORDERS_KEY, days=[DAYS[0]])
    assert find_unpublished_days(instance, DAYS) == [DAYS[0]]


def test_if_only_the_mart_was_rebuilt_its_latest_day_is_published(instance: dg.DagsterInstance) -> None:
    store(instance, FCT_ORDERS_KEY, *LAKE, days=DAYS[:2])
    assert find_unpublished_days(instance, DAYS) == []
    store(instance, DAILY_SALES_KEY)
    assert find_unpublished_days(instance, DAYS) == [DAYS[1]]


def test_a_tick_requests_the_fewest_runs_and_skips_without_news(stored: dg.DagsterInstance) -> None:
    start, end = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    store(stored, FCT_ORDERS_KEY, days=[DAYS[0], DAYS[1], DAYS[3]])
    many, one = request(stored, settings_with())
    assert (many[start], many[end], one["dagster/partition"]) == (DAYS[0], DAYS[1], DAYS[3])
    store(stored, *LAKE, days=DAYS)
    assert request(stored, settings_with()) == []


def test_the_schedules_run_only_where_there_is_a_lake() -> None:
    def statuses(**changes: object) -> set[str]:
        return {each.default_status.value for each in build_lake_schedules(settings_with(**changes))}

    configured = {"has_lake_catalog": True, "lake_warehouse": "s3://b/lake"}
    assert statuses() == statuses(**configured) == {"STOPPED"}
    assert statuses(environment=Environment.PROD) == {"STOPPED"}
    assert statuses(environment=Environment.PROD, has_lake_catalog=True) == {"STOPPED"}
    assert statuses(environment=Environment.PROD, **configured) == {"RUNNING"}


def test_the_lakes_files_are_at_a_url_or_a_path_or_what_a_rest_catalog_calls_them() -> None:
    def warehouse(value: str, uri: str = "postgresql://u:p@h/lake") -> str:
        return parse_settings({"LAKE_CATALOG_URI": uri, "LAKE_WAREHOUSE": value}).lake_warehouse

    assert warehouse("s3://bucket/lake/") == "s3://bucket/lake"
    assert warehouse("/data/lake") == "file:///data/lake"
    assert warehouse("gold", "https://catalog.example.com") == "gold"
    assert warehouse("") == ""
