"""The sensor that follows the marketplaces' bucket, tick by tick, on an S3 over real HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from sales_assets.automation.sensors.s3_new_file import PATIENT_TICKS
from sales_assets.catalog.names import RAW_MARKETPLACE_ORDERS_KEY
from sales_assets.catalog.partitions import partition_of_file
from sales_assets.definitions import defs
from sales_assets.sources.marketplace import changes as sweep
from sales_assets.sources.marketplace.bucket import S3UnavailableError
from sales_assets_tests.support.s3 import PREFIX, S3, error, nonsense, reset_half_way

pytestmark = pytest.mark.slow


class Follower:
    """The sensor with its cursor, as the daemon keeps it."""

    def __init__(self, s3: S3, instance: dg.DagsterInstance):
        self.s3 = s3
        self.resource = s3.quick_resource()
        self.instance = instance
        self.repository = defs.get_repository_def()
        self.sensor = self.repository.get_sensor_def("s3_new_file_sensor")
        self.cursor: str | None = None
        self.logged: list[str] = []

    def look(self) -> Any:
        """Evaluate without keeping anything: as a tick that dies before it is stored."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.repository,
            resources={"s3": self.resource},
        )
        context.log.info = self.logged.append  # type: ignore[method-assign]
        return self.sensor.evaluate_tick(context)

    def keep(self, result: Any) -> list[str]:
        """What the daemon does with a tick's result: partitions, runs, cursor; gives the files asked for."""
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        self.cursor = result.cursor
        assert self.cursor is not None
        return [
            r.partition_key.removeprefix(PREFIX) for r in result.run_requests if r.partition_key is not None
        ]

    def tick(self) -> list[str]:
        """Evaluate, and keep what came of it."""
        return self.keep(self.look())

    def drained(self) -> list[list[str]]:
        """The files that ticks ask for until one asks for none."""
        return list(iter(self.tick, []))

    def land(self, name: str) -> None:
        """Report that a file was stored."""
        event = dg.AssetMaterialization(RAW_MARKETPLACE_ORDERS_KEY, partition=PREFIX + name)
        self.instance.report_runless_asset_event(event)

    def marts(self) -> list[str]:
        """The run keys of the rebuilds that a tick asks for."""
        result = self.look()
        self.keep(result)
        return [r.run_key for r in result.run_requests if r.job_name == "marketplace_marts_job"]


@pytest.fixture
def follower(s3: S3) -> Iterator[Follower]:
    with dg.instance_for_test() as instance:
        yield Follower(s3, instance)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two, three pages a look, three files at most: what thousands are, in small."""
    monkeypatch.setattr("sales_assets.sources.marketplace.bucket.PAGE_KEYS", 2)
    monkeypatch.setattr(sweep, "SWEEP_PAGES", 3)
    monkeypatch.setattr(sweep, "MAX_FILES", 3)


def test_each_file_is_asked_for_once_with_a_partition_and_a_run_of_its_own(follower: Follower) -> None:
    for name in ("a.csv", "b.CSV.gz", "c/d.parquet"):
        follower.s3.put(name, b"x")
    result = follower.look()
    assert [r.partition_key for r in result.run_requests] == ["in/a.csv", "in/b.CSV.gz", "in/c/d.parquet"]
    assert {r.job_name for r in result.run_requests} == {"marketplace_orders_job"}
    assert len({r.run_key for r in result.run_requests}) == 3
    follower.keep(result)
    partitions = follower.instance.get_dynamic_partitions("marketplace_files")
    assert sorted(partitions) == ["in/a.csv", "in/b.CSV.gz", "in/c/d.parquet"]
    assert follower.tick() == []


def test_files_of_the_same_second_and_keys_that_sort_early_are_all_seen(follower: Follower) -> None:
    follower.s3.put("m.csv", b"x")
    assert follower.tick() == ["m.csv"]
    for name in ("a.csv", "m.csv.gz", "z.csv"):
        follower.s3.put(name, b"x")
    assert follower.tick() == ["a.csv", "m.csv.gz", "z.csv"]
    assert follower.tick() == []


def test_an_overwritten_file_is_asked_for_again_each_time_it_changes(follower: Follower) -> None:
    follower.s3.put("a.csv", b"one")
    assert follower.tick() == ["a.csv"]
    for content in (b"two", b"one more", b"two"):
        follower.s3.put("a.csv", content)
        assert follower.tick() == ["a.csv"]
        assert follower.tick() == []


def test_two_versions_of_a_file_have_two_run_keys_and_one_partition(follower: Follower) -> None:
    follower.s3.put("a.csv", b"one")
    [first] = follower.look().run_requests
    follower.tick()
    follower.s3.put("a.csv", b"two")
    [second] = follower.look().run_requests
    assert first.partition_key == second.partition_key
    assert first.run_key != second.run_key


def test_files_that_are_deleted_take_nothing_with_them(follower: Follower) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        follower.s3.put(name, b"x")
    assert follower.tick() == ["a.csv", "b.csv", "c.csv"]
    for name in ("a.csv", "c.csv"):
        follower.s3.delete(name)
    assert follower.tick() == []
    follower.s3.put("d.csv", b"x")
    assert follower.tick() == ["d.csv"]
    for name in ("b.csv", "d.csv"):
        follower.s3.delete(name)
    assert follower.tick() == []
    follower.s3.put("a.csv", b"y")
    assert follower.tick() == ["a.csv"]


def test_ten_thousand_files_at_the_first_tick_are_a_bounded_number_of_runs_each_and_none_is_lost(
    follower: Follower,
) -> None:
    names = [f"{number:05}.csv" for number in range(10_000)]
    follower.s3.put_many(names, b"x")
    follower.s3.proxy.asked.clear()
    assert follower.tick() == names[:100]
    assert len(follower.s3.proxy.asked) == 1
    for start in range(100, 10_000, 100):
        assert follower.tick() == names[start : start + 100]
    assert follower.tick() == []
    assert len(str(follower.cursor)) < 150_000
    follower.s3.put("00500.csv", b"changed")
    follower.s3.put("99999.csv", b"x")
    assert follower.tick() == ["00500.csv", "99999.csv"]


@pytest.mark.usefixtures("small")
def test_a_sweep_over_many_ticks_finds_every_file_and_every_change_once(follower: Follower) -> None:
    names = [f"{number:02}.csv" for number in range(23)]
    for name in names:
        follower.s3.put(name, b"x")
    found = [follower.tick() for _ in range(8)]
    assert [name for tick in found for name in tick] == names
    assert max(map(len, found)) == 3
    for name in ("00.csv", "11.csv", "22.csv", "05a.csv"):
        follower.s3.put(name, b"changed")
    later = [name for _ in range(15) for name in follower.tick()]
    assert sorted(later) == ["00.csv", "05a.csv", "11.csv", "22.csv"]


@pytest.mark.usefixtures("small")
def test_what_sorts_last_is_seen_at_once_wherever_the_sweep_is(follower: Follower) -> None:
    for number in range(23):
        follower.s3.put(f"2025-01-{number:02}.csv", b"x")
    while not follower.cursor or json.loads(follower.cursor)["sweep"]["after"] or follower.tick():
        follower.tick()
    for number in range(4):
        follower.s3.put(f"2025-02-{number:02}.csv", b"x")
        assert follower.tick() == [f"2025-02-{number:02}.csv"]
    assert [name for _ in range(20) for name in follower.tick()] == []


@pytest.mark.usefixtures("small")
def test_a_look_costs_the_same_however_many_files_were_handled(follower: Follower) -> None:
    for count in (5, 20):
        for number in range(count):
            follower.s3.put(f"{count}-{number:02}.csv", b"x")
        for _ in range(12):
            follower.tick()
        follower.s3.proxy.asked.clear()
        for _ in range(10):
            follower.tick()
        assert len(follower.s3.proxy.asked) <= 10 * (3 + 1)


@pytest.mark.usefixtures("small")
def test_what_is_gone_from_the_bucket_is_forgotten(follower: Follower) -> None:
    follower.s3.put("a.csv", b"x")
    for number in range(60):
        follower.s3.put(f"b{number}.csv", b"x")
        follower.tick()
        follower.s3.delete(f"b{number}.csv")
    for _ in range(5):
        follower.tick()
    assert len(str(follower.cursor)) < 300


def test_a_tick_that_dies_half_way_asks_for_the_same_runs_again(follower: Follower) -> None:
    for name in ("a.csv", "b.csv"):
        follower.s3.put(name, b"x")
    died = follower.look()
    added = died.dynamic_partitions_requests[0]
    follower.instance.add_dynamic_partitions("marketplace_files", list(added.partition_keys))
    again = follower.look()
    assert [r.run_key for r in again.run_requests] == [r.run_key for r in died.run_requests]
    assert follower.keep(again) == ["a.csv", "b.csv"]
    assert follower.tick() == []


def test_folders_and_other_files_are_left_alone_and_told_once(follower: Follower) -> None:
    for name in ("", "sub/", "sub/readme.txt", "orders.csv.tmp", "a.csv"):
        follower.s3.put(name, b"")
    assert follower.tick() == ["a.csv"]
    url = f"s3://{follower.s3.bucket}/in"
    [told] = follower.logged
    assert told.endswith(f"{url}/, {url}/orders.csv.tmp, {url}/sub/, {url}/sub/readme.txt.")
    assert follower.tick() == []
    assert len(follower.logged) == 1


def test_other_prefixes_are_not_looked_at(follower: Follower) -> None:
    follower.s3.client.put_object(Bucket=follower.s3.bucket, Key="into.csv", Body=b"x")
    follower.s3.client.put_object(Bucket=follower.s3.bucket, Key="archive/a.csv", Body=b"x")
    assert follower.tick() == []


def test_an_empty_bucket_is_skipped_with_a_reason(follower: Follower) -> None:
    result = follower.look()
    assert result.run_requests == []
    assert result.skip_message == f"No new file under s3://{follower.s3.bucket}/in/."


@pytest.mark.parametrize("name", ["a b/ç 日本.csv", "../x.csv", "100%.csv", "a...b.csv", "q?a=1&b#c,[d].csv"])
def test_a_key_is_only_ever_a_name(follower: Follower, name: str) -> None:
    follower.s3.put(name, b"x")
    follower.s3.put("zz.csv", b"x")
    assert follower.tick() == [partition_of_file(PREFIX + name).removeprefix(PREFIX), "zz.csv"]
    assert follower.tick() == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (error(503, "SlowDown"), "S3 failed to list s3://.*SlowDown"),
        (reset_half_way, "S3 failed to list s3://"),
        (nonsense, "S3 failed to list s3://"),
        (error(403, "AccessDenied"), "S3 refused to list s3://.*AccessDenied.*Check SALES_S3_BUCKET"),
        (error(401, "Unauthorized"), "S3 refused to list s3://.*Unauthorized"),
        (error(404, "NoSuchBucket"), "S3 refused to list s3://.*NoSuchBucket.*Check SALES_S3_BUCKET"),
    ],
    ids=["503", "reset", "nonsense", "403", "401", "404"],
)
def test_an_s3_that_fails_fails_the_tick_with_a_sentence_and_loses_nothing(
    follower: Follower, fault: Any, said: str
) -> None:
    follower.s3.put("a.csv", b"x")
    follower.tick()
    follower.s3.put("b.csv", b"x")
    cursor = follower.cursor
    with follower.s3.broken(fault), pytest.raises(Exception, match=said) as failed:
        follower.tick()
    assert "s3cret" not in str(failed.value)
    assert follower.cursor == cursor
    assert follower.tick() == ["b.csv"]


def test_a_listing_that_breaks_off_after_some_pages_is_begun_again(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.sources.marketplace.bucket.PAGE_KEYS", 2)
    for name in ("a.csv", "b.csv", "c.csv"):
        follower.s3.put(name, b"x")

    def at_the_second_page(proxy: Any, method: str, path: str) -> Any:
        return error(503, "SlowDown")(proxy, method, path) if "start-after" in path else None

    with follower.s3.broken(at_the_second_page), pytest.raises(S3UnavailableError):
        follower.tick()
    assert follower.tick() == ["a.csv", "b.csv", "c.csv"]


# --- the marts ---


def test_the_marts_are_rebuilt_once_after_the_files_have_landed(follower: Follower) -> None:
    follower.s3.put("a.csv", b"x")
    follower.s3.put("b.csv", b"x")
    assert follower.tick() == ["a.csv", "b.csv"]
    assert follower.marts() == []
    follower.land("a.csv")
    follower.land("b.csv")
    [first] = follower.marts()
    assert follower.marts() == []
    follower.land("a.csv")
    [second] = follower.marts()
    assert first != second


def test_the_marts_wait_for_files_that_are_found_or_still_being_loaded(follower: Follower) -> None:
    follower.land("a.csv")
    run = dg.DagsterRun("marketplace_orders_job", status=dg.DagsterRunStatus.STARTED)
    follower.instance.add_run(run)
    assert follower.marts() == []
    follower.instance.report_run_canceled(run)
    follower.s3.put("b.csv", b"x")
    assert follower.tick() == ["b.csv"]
    assert len(follower.marts()) == 1


def test_the_marts_wait_for_a_backfill_from_the_catalog_but_for_no_other_run(follower: Follower) -> None:
    follower.land("a.csv")
    backfill = dg.DagsterRun(
        "__ASSET_JOB",
        status=dg.DagsterRunStatus.STARTED,
        asset_selection=frozenset({RAW_MARKETPLACE_ORDERS_KEY}),
    )
    follower.instance.add_run(backfill)
    follower.instance.add_run(dg.DagsterRun("daily_sales_pipeline", status=dg.DagsterRunStatus.STARTED))
    assert follower.marts() == []
    follower.instance.report_run_canceled(backfill)
    assert len(follower.marts()) == 1


def test_the_marts_do_not_wait_for_ever_while_files_keep_coming(follower: Follower) -> None:
    follower.land("a.csv")
    follower.instance.add_run(dg.DagsterRun("marketplace_orders_job", status=dg.DagsterRunStatus.STARTED))
    asked = [follower.marts() for _ in range(PATIENT_TICKS + 2)]
    assert [len(requests) for requests in asked] == [0] * PATIENT_TICKS + [1, 0]


def test_a_tick_that_dies_asks_for_the_same_rebuild_again(follower: Follower) -> None:
    follower.land("a.csv")
    first, second = follower.look().run_requests, follower.look().run_requests
    assert [r.run_key for r in first] == [r.run_key for r in second] != []
