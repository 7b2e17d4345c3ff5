"""The sensor `s3_new_file_sensor`, tick by tick, on an S3 emulator over real HTTP."""

from typing import Any

import dagster as dg
import pytest

from sales_assets.automation.sensors.s3_new_file import PATIENT_TICKS
from sales_assets.catalog.names import RAW_MARKETPLACE_ORDERS_KEY
from sales_assets.catalog.partitions import partition_of_file
from sales_assets.sources.marketplace import changes
from sales_assets.sources.marketplace.bucket import S3UnavailableError
from sales_assets.sources.marketplace.changes import BucketCursor
from sales_assets_tests.support.s3 import PREFIX, S3, answer_nonsense, reset_half_way, s3_error
from sales_assets_tests.support.sensors import SensorUnderTest

pytestmark = pytest.mark.slow


class Follower(SensorUnderTest):
    """The sensor, and the bucket that it follows."""

    def __init__(self, s3: S3, instance: dg.DagsterInstance):
        super().__init__("s3_new_file_sensor", instance, s3=s3.quick_resource())
        self.s3 = s3

    def tick_files(self) -> list[str]:
        """Return the files whose load a tick requests."""
        return requested_files(self.tick())

    def tick_marts(self) -> list[str]:
        """Return the run keys of the marts that a tick requests."""
        requests = self.tick().run_requests
        return [request.run_key for request in requests if request.job_name == "marketplace_marts_job"]

    def report_load(self, name: str) -> None:
        """Report that a file was stored."""
        event = dg.AssetMaterialization(RAW_MARKETPLACE_ORDERS_KEY, partition=PREFIX + name)
        self.instance.report_runless_asset_event(event)


def requested_files(result: Any) -> list[str]:
    keys = [request.partition_key for request in result.run_requests]
    return [key.removeprefix(PREFIX) for key in keys if key is not None]


@pytest.fixture
def follower(s3: S3, instance: dg.DagsterInstance) -> Follower:
    return Follower(s3, instance)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two keys, three pages and three files per tick, so that a few files act like thousands."""
    monkeypatch.setattr("sales_assets.sources.marketplace.bucket.PAGE_KEYS", 2)
    monkeypatch.setattr(changes, "PAGES_PER_TICK", 3)
    monkeypatch.setattr(changes, "FILES_PER_TICK", 3)


def test_each_file_is_requested_once_with_its_own_partition_and_run(follower: Follower) -> None:
    for name in ("a.csv", "b.CSV.gz", "c/d.parquet"):
        follower.s3.put(name, b"x")
    result = follower.evaluate()
    assert [r.partition_key for r in result.run_requests] == ["in/a.csv", "in/b.CSV.gz", "in/c/d.parquet"]
    assert {r.job_name for r in result.run_requests} == {"marketplace_orders_job"}
    assert len({r.run_key for r in result.run_requests}) == 3
    follower.keep(result)
    partitions = follower.instance.get_dynamic_partitions("marketplace_files")
    assert sorted(partitions) == ["in/a.csv", "in/b.CSV.gz", "in/c/d.parquet"]
    assert follower.tick_files() == []


def test_files_of_the_same_second_and_keys_that_sort_early_are_all_seen(follower: Follower) -> None:
    follower.s3.put("m.csv", b"x")
    assert follower.tick_files() == ["m.csv"]
    for name in ("a.csv", "m.csv.gz", "z.csv"):
        follower.s3.put(name, b"x")
    assert follower.tick_files() == ["a.csv", "m.csv.gz", "z.csv"]
    assert follower.tick_files() == []


def test_an_overwritten_file_is_requested_again_each_time_it_changes(follower: Follower) -> None:
    follower.s3.put("a.csv", b"one")
    assert follower.tick_files() == ["a.csv"]
    for content in (b"two", b"one more", b"two"):
        follower.s3.put("a.csv", content)
        assert follower.tick_files() == ["a.csv"]
        assert follower.tick_files() == []


def test_two_versions_of_a_file_have_two_run_keys_and_one_partition(follower: Follower) -> None:
    follower.s3.put("a.csv", b"one")
    [first] = follower.evaluate().run_requests
    follower.tick_files()
    follower.s3.put("a.csv", b"two")
    [second] = follower.evaluate().run_requests
    assert first.partition_key == second.partition_key
    assert first.run_key != second.run_key


def test_deleted_files_do_not_hide_others(follower: Follower) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        follower.s3.put(name, b"x")
    assert follower.tick_files() == ["a.csv", "b.csv", "c.csv"]
    for name in ("a.csv", "c.csv"):
        follower.s3.delete(name)
    assert follower.tick_files() == []
    follower.s3.put("d.csv", b"x")
    assert follower.tick_files() == ["d.csv"]
    for name in ("b.csv", "d.csv"):
        follower.s3.delete(name)
    assert follower.tick_files() == []
    follower.s3.put("a.csv", b"y")
    assert follower.tick_files() == ["a.csv"]


@pytest.mark.exhaustive
def test_ten_full_pages_of_files_are_requested_in_bounded_ticks_and_none_is_lost(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    # S3's pages have 1 000 keys; the emulator sorts all keys for each page, so these are smaller.
    monkeypatch.setattr("sales_assets.sources.marketplace.bucket.PAGE_KEYS", 250)
    names = [f"{number:05}.csv" for number in range(10 * 250)]
    follower.s3.put_many(names, b"x")
    follower.s3.proxy.requests.clear()
    assert follower.tick_files() == names[:100]
    assert len(follower.s3.proxy.requests) == 1
    for start in range(100, len(names), 100):
        assert follower.tick_files() == names[start : start + 100]
    assert follower.tick_files() == []
    assert len(str(follower.cursor)) < 15 * len(names)
    follower.s3.put("00500.csv", b"changed")
    follower.s3.put("99999.csv", b"x")
    assert follower.tick_files() == ["00500.csv", "99999.csv"]


@pytest.mark.usefixtures("small")
def test_a_pass_over_many_ticks_finds_every_file_and_every_change_once(follower: Follower) -> None:
    names = [f"{number:02}.csv" for number in range(23)]
    for name in names:
        follower.s3.put(name, b"x")
    ticks = [follower.tick_files() for _ in range(8)]
    assert [name for tick in ticks for name in tick] == names
    assert max(map(len, ticks)) == 3
    for name in ("00.csv", "11.csv", "22.csv", "05a.csv"):
        follower.s3.put(name, b"changed")
    later = [name for _ in range(15) for name in follower.tick_files()]
    assert sorted(later) == ["00.csv", "05a.csv", "11.csv", "22.csv"]


@pytest.mark.usefixtures("small")
def test_keys_that_sort_last_are_found_at_once_wherever_the_pass_is(follower: Follower) -> None:
    for number in range(23):
        follower.s3.put(f"2025-01-{number:02}.csv", b"x")
    while not follower.cursor or BucketCursor.from_json(follower.cursor).after or follower.tick_files():
        follower.tick_files()
    for number in range(4):
        follower.s3.put(f"2025-02-{number:02}.csv", b"x")
        assert follower.tick_files() == [f"2025-02-{number:02}.csv"]
    assert [name for _ in range(20) for name in follower.tick_files()] == []


@pytest.mark.usefixtures("small")
def test_a_tick_costs_the_same_however_many_files_were_handled(follower: Follower) -> None:
    for count in (4, 12):
        for number in range(count):
            follower.s3.put(f"{count}-{number:02}.csv", b"x")
        for _ in range(8):
            follower.tick_files()
        follower.s3.proxy.requests.clear()
        for _ in range(5):
            follower.tick_files()
        assert len(follower.s3.proxy.requests) <= 5 * (3 + 1)


@pytest.mark.usefixtures("small")
def test_files_that_are_gone_from_the_bucket_are_forgotten(follower: Follower) -> None:
    follower.s3.put("a.csv", b"x")
    for number in range(30):
        follower.s3.put(f"b{number}.csv", b"x")
        follower.tick_files()
        follower.s3.delete(f"b{number}.csv")
    for _ in range(5):
        follower.tick_files()
    assert len(str(follower.cursor)) < 200


def test_a_tick_that_dies_half_way_requests_the_same_runs_again(follower: Follower) -> None:
    for name in ("a.csv", "b.csv"):
        follower.s3.put(name, b"x")
    died = follower.evaluate()
    added = died.dynamic_partitions_requests[0]
    follower.instance.add_dynamic_partitions("marketplace_files", list(added.partition_keys))
    again = follower.evaluate()
    assert [r.run_key for r in again.run_requests] == [r.run_key for r in died.run_requests]
    follower.keep(again)
    assert requested_files(again) == ["a.csv", "b.csv"]
    assert follower.tick_files() == []


def test_folders_and_other_files_are_ignored_and_logged_once(follower: Follower) -> None:
    for name in ("", "sub/", "sub/readme.txt", "orders.csv.tmp", "a.csv"):
        follower.s3.put(name, b"")
    assert follower.tick_files() == ["a.csv"]
    url = f"s3://{follower.s3.bucket}/in"
    [line] = follower.logged
    assert line.endswith(f"{url}/, {url}/orders.csv.tmp, {url}/sub/, {url}/sub/readme.txt.")
    assert follower.tick_files() == []
    assert len(follower.logged) == 1


def test_other_prefixes_are_not_listed(follower: Follower) -> None:
    follower.s3.client.put_object(Bucket=follower.s3.bucket, Key="into.csv", Body=b"x")
    follower.s3.client.put_object(Bucket=follower.s3.bucket, Key="archive/a.csv", Body=b"x")
    assert follower.tick_files() == []


def test_an_empty_bucket_is_skipped_with_a_reason(follower: Follower) -> None:
    result = follower.evaluate()
    assert result.run_requests == []
    assert result.skip_message == f"No new file in s3://{follower.s3.bucket}/in/."


@pytest.mark.parametrize("name", ["a b/ç 日本.csv", "../x.csv", "100%.csv", "a...b.csv", "q?a=1&b#c,[d].csv"])
def test_any_key_is_only_a_name(follower: Follower, name: str) -> None:
    follower.s3.put(name, b"x")
    follower.s3.put("zz.csv", b"x")
    assert follower.tick_files() == [partition_of_file(PREFIX + name).removeprefix(PREFIX), "zz.csv"]
    assert follower.tick_files() == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (s3_error(503, "SlowDown"), "S3 failed to list s3://.*SlowDown"),
        (reset_half_way, "S3 failed to list s3://"),
        (answer_nonsense, "S3 failed to list s3://"),
        (s3_error(403, "AccessDenied"), "S3 refused to list s3://.*AccessDenied.*Check SALES_S3_BUCKET"),
        (s3_error(401, "Unauthorized"), "S3 refused to list s3://.*Unauthorized"),
        (s3_error(404, "NoSuchBucket"), "S3 refused to list s3://.*NoSuchBucket.*Check SALES_S3_BUCKET"),
    ],
    ids=["503", "reset", "nonsense", "403", "401", "404"],
)
def test_an_s3_error_fails_the_tick_with_a_sentence_and_loses_nothing(
    follower: Follower, fault: Any, message: str
) -> None:
    follower.s3.put("a.csv", b"x")
    follower.tick_files()
    follower.s3.put("b.csv", b"x")
    cursor = follower.cursor
    with follower.s3.inject(fault), pytest.raises(Exception, match=message) as failed:
        follower.tick_files()
    assert "s3cret" not in str(failed.value)
    assert follower.cursor == cursor
    assert follower.tick_files() == ["b.csv"]


def test_a_listing_that_breaks_off_after_some_pages_is_repeated(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.sources.marketplace.bucket.PAGE_KEYS", 2)
    for name in ("a.csv", "b.csv", "c.csv"):
        follower.s3.put(name, b"x")

    def at_the_second_page(proxy: Any, method: str, path: str) -> Any:
        return s3_error(503, "SlowDown")(proxy, method, path) if "start-after" in path else None

    with follower.s3.inject(at_the_second_page), pytest.raises(S3UnavailableError):
        follower.tick_files()
    assert follower.tick_files() == ["a.csv", "b.csv", "c.csv"]


@pytest.mark.parametrize(
    "text",
    [
        '{"known": "MTIzNDU2Nzg=", "listed": "YWJjZGVmZ2g=", "after": "a", "last": "b", '
        '"built": 3, "waited": 2}',
        '{"sweep": {"known": "MTIzNDU2Nzg=", "met": "YWJjZGVmZ2g=", "after": "a", "last": "b"}, '
        '"built": 3, "waited": 2}',
    ],
    ids=["now", "as first stored"],
)
def test_a_stored_cursor_is_read_as_it_was_written(text: str) -> None:
    cursor = BucketCursor({b"12345678"}, {b"abcdefgh"}, "a", "b", built=3, waited=2)
    assert BucketCursor.from_json(text) == BucketCursor.from_json(cursor.to_json()) == cursor


# --- the marts ---


def test_the_marts_are_rebuilt_once_after_the_files_were_loaded(follower: Follower) -> None:
    follower.s3.put("a.csv", b"x")
    follower.s3.put("b.csv", b"x")
    assert follower.tick_files() == ["a.csv", "b.csv"]
    assert follower.tick_marts() == []
    follower.report_load("a.csv")
    follower.report_load("b.csv")
    [first] = follower.tick_marts()
    assert follower.tick_marts() == []
    follower.report_load("a.csv")
    [second] = follower.tick_marts()
    assert first != second


def test_the_marts_wait_for_files_that_are_new_or_being_loaded(follower: Follower) -> None:
    follower.report_load("a.csv")
    run = dg.DagsterRun("marketplace_orders_job", status=dg.DagsterRunStatus.STARTED)
    follower.instance.add_run(run)
    assert follower.tick_marts() == []
    follower.instance.report_run_canceled(run)
    follower.s3.put("b.csv", b"x")
    assert follower.tick_files() == ["b.csv"]
    assert len(follower.tick_marts()) == 1


def test_the_marts_wait_for_a_backfill_from_the_ui_but_for_no_other_run(follower: Follower) -> None:
    follower.report_load("a.csv")
    backfill = dg.DagsterRun(
        "__ASSET_JOB",
        status=dg.DagsterRunStatus.STARTED,
        asset_selection=frozenset({RAW_MARKETPLACE_ORDERS_KEY}),
    )
    follower.instance.add_run(backfill)
    follower.instance.add_run(dg.DagsterRun("daily_sales_pipeline", status=dg.DagsterRunStatus.STARTED))
    assert follower.tick_marts() == []
    follower.instance.report_run_canceled(backfill)
    assert len(follower.tick_marts()) == 1


def test_the_marts_do_not_wait_forever_while_files_keep_arriving(follower: Follower) -> None:
    follower.report_load("a.csv")
    follower.instance.add_run(dg.DagsterRun("marketplace_orders_job", status=dg.DagsterRunStatus.STARTED))
    ticks = [follower.tick_marts() for _ in range(PATIENT_TICKS + 2)]
    assert [len(requests) for requests in ticks] == [0] * PATIENT_TICKS + [1, 0]


def test_a_tick_that_dies_requests_the_same_rebuild_again(follower: Follower) -> None:
    follower.report_load("a.csv")
    first, second = follower.evaluate().run_requests, follower.evaluate().run_requests
    assert [r.run_key for r in first] == [r.run_key for r in second] != []
