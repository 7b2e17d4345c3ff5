"""The sensor `erp_late_changes_sensor`, tick by tick, on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from sales_assets.automation.sensors.erp_late_changes import build_erp_late_changes_sensor
from sales_assets.catalog.names import NO_DATA_TAG, RAW_ORDERS_KEY
from sales_assets.operations.repair.gaps import RANGE_END, RANGE_START
from sales_assets.settings import Settings
from sales_assets.sources.erp.changes import CHANGE_OVERLAP, ChangedMinute, ErpCursor, find_days
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.runs import begin_load
from sales_assets_tests.support.sensors import SensorUnderTest

pytestmark = pytest.mark.slow

LOADED = ["2025-01-15", "2025-01-16", "2025-01-17", "2025-03-01"]


class Follower(SensorUnderTest):
    """The sensor, and the ERP that it follows."""

    def __init__(self, erp: Erp, instance: dg.DagsterInstance):
        super().__init__("erp_late_changes_sensor", instance, postgres_erp=erp.resource)
        self.erp = erp

    def tick_days(self) -> list[str]:
        """Return the days or ranges that a tick requests."""
        return requested_days(self.tick())


def requested_days(result: Any) -> list[str]:
    return [
        r.partition_key or f"{r.tags[RANGE_START]}..{r.tags[RANGE_END]}" for r in result.run_requests or []
    ]


def run_keys(result: Any) -> list[str]:
    return [str(request.run_key) for request in result.run_requests]


@pytest.fixture
def follower(erp: Erp, instance: dg.DagsterInstance) -> Follower:
    for day in LOADED:
        instance.report_runless_asset_event(dg.AssetMaterialization(RAW_ORDERS_KEY, partition=day))
    for id_, day in enumerate([*LOADED, "2025-02-02"], start=1):
        erp.order(id_, f"{day} 10:00+00")
    follower = Follower(erp, instance)
    assert follower.tick_days() == []
    return follower


def change(erp: Erp, id_: int, at: str = "now()") -> None:
    erp.run(f"update orders set status = 'refunded', updated_at = {at} where id = {id_}")


def test_a_changed_order_reruns_its_day_once(follower: Follower) -> None:
    change(follower.erp, 1)
    assert follower.tick_days() == ["2025-01-15"]
    assert follower.tick_days() == []
    change(follower.erp, 1)
    assert follower.tick_days() == ["2025-01-15"]


def test_changes_of_consecutive_days_are_one_range_and_old_days_count_too(follower: Follower) -> None:
    for id_ in (1, 2, 3, 4):
        change(follower.erp, id_)
    assert follower.tick_days() == ["2025-01-15..2025-01-17", "2025-03-01"]


def test_a_sensor_that_is_turned_on_follows_from_then_on(follower: Follower) -> None:
    follower.cursor = None
    change(follower.erp, 1)
    assert follower.tick_days() == []
    change(follower.erp, 1)
    assert follower.tick_days() == ["2025-01-15"]


def test_the_length_of_a_run_is_a_setting(follower: Follower) -> None:
    follower.sensor = build_erp_late_changes_sensor(Settings(max_partitions_per_run=2))
    for id_ in (1, 2, 3):
        change(follower.erp, id_)
    assert follower.tick_days() == ["2025-01-15..2025-01-16", "2025-01-17"]


def test_an_order_counts_for_its_day_in_the_business_time_zone(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_rome = dg.DailyPartitionsDefinition("2025-01-01", timezone="Europe/Rome")
    monkeypatch.setattr("sales_assets.automation.sensors.erp_late_changes.DAILY", in_rome)
    follower.erp.order(9, "2025-01-15 23:30+00")
    change(follower.erp, 9)
    assert follower.tick_days() == ["2025-01-16"]


def test_changes_at_the_same_instant_are_all_seen(follower: Follower) -> None:
    instant = f"timestamptz '{datetime.now(UTC).isoformat()}'"
    change(follower.erp, 1, instant)
    assert follower.tick_days() == ["2025-01-15"]
    change(follower.erp, 4, instant)
    assert follower.tick_days() == ["2025-03-01"]
    follower.erp.order(9, "2025-01-15 11:00+00")
    change(follower.erp, 9, instant)
    assert follower.tick_days() == ["2025-01-15"]


def test_changes_are_distinguished_by_order_and_microsecond(follower: Follower) -> None:
    second = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    first, next_ = (f"timestamptz '{second + timedelta(microseconds=n)}'" for n in (0, 1))
    follower.erp.order(9, "2025-01-15 11:00+00")
    change(follower.erp, 1, first)
    assert follower.tick_days() == ["2025-01-15"]
    change(follower.erp, 1, next_)
    assert follower.tick_days() == ["2025-01-15"]
    change(follower.erp, 1, "timestamptz '2025-01-15 10:00+00'")
    change(follower.erp, 9, next_)
    assert follower.tick_days() == ["2025-01-15"]


def test_a_change_that_commits_late_with_an_earlier_time_is_seen(follower: Follower) -> None:
    change(follower.erp, 1)
    assert follower.tick_days() == ["2025-01-15"]
    change(follower.erp, 4, "now() - interval '20 minutes'")
    assert follower.tick_days() == ["2025-03-01"]


def test_a_tick_that_dies_before_its_cursor_is_stored_requests_the_same_runs_again(
    follower: Follower,
) -> None:
    change(follower.erp, 1)
    first, again = follower.evaluate(), follower.evaluate()
    change(follower.erp, 4)
    more = follower.evaluate()
    assert requested_days(first) == ["2025-01-15"]
    assert run_keys(first) == run_keys(again) == run_keys(more)[:1]
    follower.tick()
    change(follower.erp, 1)
    assert run_keys(follower.evaluate()) != run_keys(first)


def test_a_sensor_that_was_off_for_days_misses_nothing(follower: Follower) -> None:
    assert follower.cursor is not None
    asked_at = datetime.now(UTC) - timedelta(days=3)
    follower.cursor = f'{{"asked_at": "{asked_at.isoformat()}", "seen": []}}'
    change(follower.erp, 1, "now() - interval '50 hours'")
    change(follower.erp, 4, "now() - interval '2 hours'")
    assert follower.tick_days() == ["2025-01-15", "2025-03-01"]
    assert follower.tick_days() == []


def test_days_that_were_never_loaded_and_today_are_left_to_the_schedule(follower: Follower) -> None:
    change(follower.erp, 5)
    follower.erp.order(50, datetime.now(UTC).isoformat())
    assert follower.tick_days() == []


def test_a_change_of_a_day_that_is_being_loaded_for_the_first_time_is_not_lost(follower: Follower) -> None:
    begin_load(follower.instance, "2025-02-02")
    change(follower.erp, 5)
    assert follower.tick_days() == ["2025-02-02"]


def test_an_order_that_appears_on_a_day_without_data_loads_the_day(follower: Follower) -> None:
    nothing = dg.AssetObservation(RAW_ORDERS_KEY, partition="2025-02-03", metadata={NO_DATA_TAG: True})
    follower.instance.report_runless_asset_event(nothing)
    follower.erp.order(60, "2025-02-03 10:00+00")
    change(follower.erp, 60)
    assert follower.tick_days() == ["2025-02-03"]


def test_a_changed_customer_reruns_the_day_of_the_change_and_no_other(follower: Follower) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    event = dg.AssetMaterialization(RAW_ORDERS_KEY, partition=str(yesterday.date()))
    follower.instance.report_runless_asset_event(event)
    follower.cursor = f'{{"asked_at": "{(yesterday - timedelta(days=2)).isoformat()}", "seen": []}}'
    follower.erp.customer(7, updated_at=yesterday.isoformat())
    follower.erp.run("update orders set customer_id = 7")
    assert follower.tick_days() == [str(yesterday.date())]


def test_days_are_found_whatever_the_format_of_dates_in_the_roles_sessions(follower: Follower) -> None:
    german = follower.erp.through_views({}, {"datestyle": "German, DMY", "timezone": "Asia/Tokyo"})
    follower.resources["postgres_erp"] = german.resource
    change(follower.erp, 1)
    assert follower.tick_days() == ["2025-01-15"]


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (
            "update public.orders set updated_at = 'infinity' where id = 2",
            "1 order(s) with the first id(s) 2",
        ),
        (
            "update public.orders set created_at = '12025-01-15', updated_at = now() where id = 2",
            "1 order(s)",
        ),
        ("update public.orders set created_at = '-infinity', updated_at = now() where id = 2", "1 order(s)"),
        (
            "update public.customers set updated_at = 'infinity'",
            "7 customer(s) with the first id(s) 1, 2, 3, 4, 5",
        ),
    ],
)
def test_rows_whose_times_belong_to_no_day_are_named_and_all_others_are_followed(
    follower: Follower, fault: str, named: str
) -> None:
    for id_ in range(1, 8):
        follower.erp.customer(id_)
    follower.erp.run(fault)
    change(follower.erp, 1)
    assert follower.tick_days() == ["2025-01-15"]
    assert follower.tick_days() == []
    assert [named in warning for warning in follower.warned] == [True, True]


def test_an_order_without_a_creation_time_is_named_and_all_others_are_followed(follower: Follower) -> None:
    lacking = (
        "select id, customer_id, nullif(created_at, '2025-01-16 10:00+00') as created_at, updated_at, status"
    )
    without = follower.erp.through_views({"orders": f"{lacking} from public.orders"})
    follower.resources["postgres_erp"] = without.resource
    change(follower.erp, 1)
    change(follower.erp, 2)
    assert follower.tick_days() == ["2025-01-15"]
    assert "The ERP has 1 order(s) with the first id(s) 2, whose created_at" in follower.warned[0]


def test_an_erp_that_is_down_fails_the_tick_and_keeps_the_cursor(follower: Follower) -> None:
    change(follower.erp, 1)
    cursor = follower.cursor
    follower.resources["postgres_erp"] = PostgresResource(url="postgresql://u@127.0.0.1:1/db")
    with pytest.raises(Exception, match="did not answer"):
        follower.tick()
    assert follower.cursor == cursor
    follower.resources["postgres_erp"] = follower.erp.resource
    assert follower.tick_days() == ["2025-01-15"]


NOON = datetime(2025, 1, 16, 12, tzinfo=UTC)


def changed(kind: str, day: str, minute: datetime, changes: int = 1, checksum: int = 1) -> ChangedMinute:
    return ChangedMinute(kind, day, minute.isoformat(), changes, checksum)


def test_a_row_that_leaves_a_minute_for_a_later_one_affects_only_its_new_day() -> None:
    cursor = ErpCursor(NOON).advance([changed("customer", "2025-01-15", NOON, 2, 10)], NOON)
    later = NOON + timedelta(minutes=1)
    moved = [changed("customer", "2025-01-15", NOON, 1, 3), changed("customer", "2025-01-16", later, 1, 7)]
    assert find_days(cursor.new(moved)) == ["2025-01-16"]


def test_changes_older_than_the_overlap_are_forgotten() -> None:
    old = changed("order", "2025-01-15", NOON - CHANGE_OVERLAP - timedelta(minutes=1))
    young = changed("order", "2025-01-15", NOON - CHANGE_OVERLAP)
    asked_at = NOON + timedelta(seconds=30)
    cursor = ErpCursor(NOON - timedelta(hours=3)).advance([old, young], asked_at)
    assert [minute.minute for minute in cursor.seen] == [cursor.since.isoformat()]


def test_a_stored_cursor_is_read_as_it_was_written() -> None:
    text = (
        '{"asked_at": "2025-01-16T12:00:00.5+00:00",'
        ' "seen": [["order", "2025-01-15", "2025-01-16T12:00:00+00:00", 2, 10]]}'
    )
    asked_at = NOON + timedelta(seconds=0.5)
    cursor = ErpCursor(asked_at, (changed("order", "2025-01-15", NOON, 2, 10),))
    assert ErpCursor.from_json(text) == ErpCursor.from_json(cursor.to_json()) == cursor
