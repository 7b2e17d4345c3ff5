"""The sensor that follows the ERP's changes, tick by tick, on a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster import AssetKey, AssetMaterialization, AssetObservation

from sales_assets.automation.sensors.erp_late_changes import build_erp_late_changes_sensor
from sales_assets.catalog.names import NO_DATA_TAG
from sales_assets.definitions import build_definitions
from sales_assets.settings import Settings
from sales_assets.sources.erp.changes import OVERLAP, Watermark, follow
from sales_assets_tests.operations.test_repair_planning import begun
from sales_assets_tests.support.erp import Erp

pytestmark = pytest.mark.slow

LOADED = ["2025-01-15", "2025-01-16", "2025-01-17", "2025-03-01"]


class Follower:
    """The sensor with its cursor, and the runs that it asked for."""

    def __init__(self, erp: Erp, instance: dg.DagsterInstance):
        self.erp = erp
        self.instance = instance
        self.repository = build_definitions(Settings()).get_repository_def()
        self.sensor = self.repository.get_sensor_def("erp_late_changes_sensor")
        self.cursor: str | None = None

    def look(self) -> tuple[list[str], list[str], str]:
        """Evaluate without keeping the cursor: as a tick that dies before it is stored."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.repository,
            resources={"postgres_erp": self.erp.resource},
        )
        result = self.sensor.evaluate_tick(context)
        requests = result.run_requests or []
        ends = [f"dagster/asset_partition_range_{end}" for end in ("start", "end")]
        asked = [r.partition_key or "..".join(r.tags[end] for end in ends) for r in requests]
        assert result.cursor is not None
        return asked, [str(request.run_key) for request in requests], result.cursor

    def tick(self) -> list[str]:
        """Evaluate, and keep the cursor."""
        asked, _, self.cursor = self.look()
        return asked


@pytest.fixture
def follower(erp: Erp) -> Iterator[Follower]:
    with dg.instance_for_test() as instance:
        for day in LOADED:
            event = AssetMaterialization(AssetKey("raw_orders"), partition=day)
            instance.report_runless_asset_event(event)
        for id_, day in enumerate([*LOADED, "2025-02-02"], start=1):
            erp.order(id_, f"{day} 10:00+00")
        follower = Follower(erp, instance)
        assert follower.tick() == []
        yield follower


def change(erp: Erp, id_: int, at: str = "now()") -> None:
    erp.run(f"update orders set status = 'refunded', updated_at = {at} where id = {id_}")


def test_a_changed_order_has_its_day_run_again_once(follower: Follower) -> None:
    change(follower.erp, 1)
    assert follower.tick() == ["2025-01-15"]
    assert follower.tick() == []
    change(follower.erp, 1)
    assert follower.tick() == ["2025-01-15"]


def test_changes_of_days_that_touch_are_one_range_and_those_far_back_count_too(follower: Follower) -> None:
    for id_ in (1, 2, 3, 4):
        change(follower.erp, id_)
    assert follower.tick() == ["2025-01-15..2025-01-17", "2025-03-01"]


def test_a_sensor_that_is_turned_on_follows_from_then_on(follower: Follower) -> None:
    follower.cursor = None
    change(follower.erp, 1)
    assert follower.tick() == []
    change(follower.erp, 1)
    assert follower.tick() == ["2025-01-15"]


def test_the_length_of_a_run_is_a_setting(follower: Follower) -> None:
    follower.sensor = build_erp_late_changes_sensor(Settings(max_partitions_per_run=2))
    for id_ in (1, 2, 3):
        change(follower.erp, id_)
    assert follower.tick() == ["2025-01-15..2025-01-16", "2025-01-17"]


def test_an_order_counts_for_its_day_in_the_business_time_zone(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_rome = dg.DailyPartitionsDefinition("2025-01-01", timezone="Europe/Rome")
    monkeypatch.setattr("sales_assets.automation.sensors.erp_late_changes.DAILY", in_rome)
    follower.erp.order(9, "2025-01-15 23:30+00")
    change(follower.erp, 9)
    assert follower.tick() == ["2025-01-16"]


def test_changes_at_the_same_instant_are_all_seen(follower: Follower) -> None:
    instant = f"timestamptz '{datetime.now(UTC).isoformat()}'"
    change(follower.erp, 1, instant)
    assert follower.tick() == ["2025-01-15"]
    change(follower.erp, 4, instant)
    assert follower.tick() == ["2025-03-01"]
    follower.erp.order(9, "2025-01-15 11:00+00")
    change(follower.erp, 9, instant)
    assert follower.tick() == ["2025-01-15"]


def test_a_change_is_told_from_another_by_its_order_and_its_microsecond(follower: Follower) -> None:
    second = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    first, next_ = (f"timestamptz '{second + timedelta(microseconds=n)}'" for n in (0, 1))
    follower.erp.order(9, "2025-01-15 11:00+00")
    change(follower.erp, 1, first)
    assert follower.tick() == ["2025-01-15"]
    change(follower.erp, 1, next_)
    assert follower.tick() == ["2025-01-15"]
    change(follower.erp, 1, "timestamptz '2025-01-15 10:00+00'")
    change(follower.erp, 9, next_)
    assert follower.tick() == ["2025-01-15"]


def test_a_change_that_commits_late_with_an_earlier_time_is_seen(follower: Follower) -> None:
    change(follower.erp, 1)
    assert follower.tick() == ["2025-01-15"]
    change(follower.erp, 4, "now() - interval '20 minutes'")
    assert follower.tick() == ["2025-03-01"]


def test_a_tick_that_dies_before_its_cursor_is_stored_asks_for_the_same_runs_again(
    follower: Follower,
) -> None:
    change(follower.erp, 1)
    first, again = follower.look(), follower.look()
    change(follower.erp, 4)
    more = follower.look()
    assert first[0] == ["2025-01-15"]
    assert first[1] == again[1] == more[1][:1]
    follower.tick()
    change(follower.erp, 1)
    assert follower.look()[1] != first[1]


def test_a_sensor_that_was_off_for_days_misses_nothing(follower: Follower) -> None:
    assert follower.cursor is not None
    asked_at = datetime.now(UTC) - timedelta(days=3)
    follower.cursor = f'{{"asked_at": "{asked_at.isoformat()}", "seen": []}}'
    change(follower.erp, 1, "now() - interval '50 hours'")
    change(follower.erp, 4, "now() - interval '2 hours'")
    assert follower.tick() == ["2025-01-15", "2025-03-01"]
    assert follower.tick() == []


def test_days_that_were_never_loaded_and_today_are_left_to_the_schedule(follower: Follower) -> None:
    change(follower.erp, 5)
    follower.erp.order(50, datetime.now(UTC).isoformat())
    assert follower.tick() == []


def test_a_change_of_a_day_that_is_being_loaded_for_the_first_time_is_not_lost(follower: Follower) -> None:
    begun(follower.instance, "2025-02-02")
    change(follower.erp, 5)
    assert follower.tick() == ["2025-02-02"]


def test_an_order_that_appears_on_a_day_without_data_has_it_loaded(follower: Follower) -> None:
    nothing = AssetObservation(AssetKey("raw_orders"), partition="2025-02-03", metadata={NO_DATA_TAG: True})
    follower.instance.report_runless_asset_event(nothing)
    follower.erp.order(60, "2025-02-03 10:00+00")
    change(follower.erp, 60)
    assert follower.tick() == ["2025-02-03"]


def test_a_changed_customer_has_the_day_of_the_change_run_again_and_no_other(follower: Follower) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    event = AssetMaterialization(AssetKey("raw_orders"), partition=str(yesterday.date()))
    follower.instance.report_runless_asset_event(event)
    follower.cursor = f'{{"asked_at": "{(yesterday - timedelta(days=2)).isoformat()}", "seen": []}}'
    follower.erp.customer(7, updated_at=yesterday.isoformat())
    follower.erp.run("update orders set customer_id = 7")
    assert follower.tick() == [str(yesterday.date())]


def test_an_erp_that_is_down_fails_the_tick_and_keeps_the_cursor(follower: Follower) -> None:
    change(follower.erp, 1)
    cursor, resource = follower.cursor, follower.erp.resource
    follower.erp.resource = type(resource)(url="postgresql://u@127.0.0.1:1/db")
    try:
        with pytest.raises(Exception, match="did not answer"):
            follower.tick()
    finally:
        follower.erp.resource = resource
    assert follower.cursor == cursor
    assert follower.tick() == ["2025-01-15"]


def changes(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["kind", "day", "minute", "changes", "checksum"])


def test_a_row_that_leaves_a_minute_for_a_later_one_asks_for_its_new_day_only() -> None:
    noon = datetime(2025, 1, 16, 12, tzinfo=UTC)
    first = follow(Watermark(noon, {}), changes(("customer", "2025-01-15", noon, 2, 10)), noon)
    later = noon + timedelta(minutes=1)
    moved = changes(("customer", "2025-01-15", noon, 1, 3), ("customer", "2025-01-16", later, 1, 7))
    assert follow(first.after, moved, later).days == ["2025-01-16"]


def test_what_is_older_than_the_overlap_is_forgotten() -> None:
    noon = datetime(2025, 1, 16, 12, tzinfo=UTC)
    old = ("order", "2025-01-15", noon - OVERLAP - timedelta(minutes=1), 1, 1)
    young = ("order", "2025-01-15", noon - OVERLAP, 1, 1)
    asked_at = noon + timedelta(seconds=30)
    kept = follow(Watermark(noon - timedelta(hours=3), {}), changes(old, young), asked_at).after
    assert [minute for _, _, minute in kept.seen] == [kept.since.isoformat()]
