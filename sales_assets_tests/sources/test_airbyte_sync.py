"""The course of a sync, on a clock that a test moves: how long outages may last, and what is cancelled."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from sales_assets.errors import RefusedError
from sales_assets.sources.airbyte.failures import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.sources.airbyte.sync import Patience, Sync
from sales_assets.sources.airbyte.sync_jobs import Attempts, Job
from sales_assets_tests.support.airbyte import Airbyte

LOG = logging.getLogger("test")
DOWN = AirbyteUnavailableError("down")


def job(id_: int, status: str = "running") -> Job:
    return Job.parse({"jobId": id_, "status": status})


class Fake:
    """A server with a script, and the clock that its client waits on."""

    def __init__(self) -> None:
        self.time = 0.0
        self.known: list[Job] = []
        self.starts: list[Job | Exception | Callable[[], Job]] = [job(1)]
        self.told: Callable[[float], Job | BaseException] = lambda _: job(1, "succeeded")
        self.calls: list[str] = []
        self.patience = Patience(poll_seconds=10, timeout_seconds=5400)

    def syncs(self, _: str) -> list[Job]:
        self.calls.append("syncs")
        return self.known

    def start_sync(self, _: str) -> Job:
        self.calls.append("start")
        outcome = self.starts.pop(0) if len(self.starts) > 1 else self.starts[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome if isinstance(outcome, Job) else outcome()

    def job(self, _: int) -> Job:
        outcome = self.told(self.time)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def cancel(self, job_id: int) -> None:
        self.calls.append(f"cancel {job_id}")

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def run(self) -> Job:
        clock = lambda: self.time  # noqa: E731
        return Sync(
            server=self,
            connection_id="c",
            name="prod_crm",
            patience=self.patience,
            log=LOG,
            clock=clock,
            sleep=self.sleep,
        ).run()


def test_an_outage_is_borne_for_as_long_as_patience_lasts_and_counted_anew_after_an_answer() -> None:
    fake = Fake()
    fake.told = lambda now: DOWN if 20 < now < 600 or 700 < now < 1280 else job(1)
    fake.patience = Patience(poll_seconds=10, timeout_seconds=2000)
    with pytest.raises(RefusedError, match="has not ended after 2000 s"):
        fake.run()
    assert fake.time > 2000
    assert "cancel 1" not in fake.calls


def test_an_outage_that_outlasts_patience_fails_the_run_and_leaves_the_sync_alone() -> None:
    fake = Fake()
    fake.told = lambda now: DOWN if now > 20 else job(1)
    with pytest.raises(AirbyteUnavailableError):
        fake.run()
    assert 600 < fake.time < 700
    assert fake.calls == ["syncs", "start"]


def test_without_a_timeout_a_sync_is_waited_for_however_long_it_takes() -> None:
    fake = Fake()
    fake.patience = Patience(poll_seconds=10, timeout_seconds=None)
    fake.told = lambda now: job(1, "succeeded" if now > 1_000_000 else "running")
    assert fake.run().status == "succeeded"


def test_before_a_start_is_sent_again_it_was_looked_for_three_times() -> None:
    fake = Fake()
    fake.starts = [DOWN, DOWN, job(1)]
    assert fake.run().id == 1
    assert fake.calls == ["syncs", "start", *["syncs"] * 3, "start", *["syncs"] * 3, "start"]


def test_a_server_that_never_starts_a_sync_is_given_up_and_was_looked_at_before_every_try() -> None:
    fake = Fake()
    fake.starts = [DOWN]
    with pytest.raises(AirbyteUnavailableError):
        fake.run()
    assert "start start" not in " ".join(fake.calls)
    assert 600 < fake.time < 700


def test_a_sync_that_ended_before_it_was_found_is_the_one_that_was_started() -> None:
    fake = Fake()
    fake.known = [job(1, "succeeded")]

    def lost() -> Job:
        fake.known = [*fake.known, job(2, "succeeded")]
        raise DOWN

    fake.starts = [lost]
    assert fake.run().id == 2
    assert fake.calls.count("start") == 1


def test_a_conflict_with_something_else_than_a_sync_is_a_refusal() -> None:
    fake = Fake()
    fake.starts = [AirbyteRefusedError("a reset is running", 409)]
    with pytest.raises(AirbyteRefusedError, match="a reset is running"):
        fake.run()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_run_that_is_cancelled_cancels_the_sync_that_it_started(interruption: type[BaseException]) -> None:
    fake = Fake()
    fake.told = lambda _: interruption()
    with pytest.raises(interruption):
        fake.run()
    assert "cancel 1" in fake.calls


def test_a_run_that_is_cancelled_leaves_a_sync_alone_that_it_did_not_start_beyond_doubt() -> None:
    joined, unclear, told_not_to = Fake(), Fake(), Fake()
    joined.known = [job(1)]
    unclear.starts = [lambda: unclear.known.append(job(1)) or (_ for _ in ()).throw(DOWN)]  # type: ignore[func-returns-value]
    told_not_to.patience = Patience(cancels=False)
    for fake in (joined, unclear, told_not_to):
        fake.told = lambda _: KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            fake.run()
        assert "cancel 1" not in fake.calls


def test_a_cancellation_that_fails_does_not_hide_why_the_run_ends() -> None:
    fake = Fake()
    fake.told = lambda _: KeyboardInterrupt()
    fake.cancel = lambda _: (_ for _ in ()).throw(DOWN)  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        fake.run()


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"attempts": None},
        {"attempts": []},
        {"attempts": [{"attempt": None}]},
        {"attempts": [None]},
        {"attempts": [{"attempt": {"failureSummary": {"failures": [None, {}]}, "streamStats": [{}]}}]},
    ],
)
def test_attempts_that_tell_nothing_are_read_as_unknown(told: dict[str, object]) -> None:
    attempts = Attempts.parse(told)
    assert (attempts.reason, attempts.is_configuration) == (None, False)


def test_the_last_attempts_first_line_is_the_reason_without_its_stack() -> None:
    failure = {"internalMessage": "java.lang.Boom: no\n\tat a.b(C.java:1)", "failureOrigin": "source"}
    attempts = [
        {"failureSummary": {"failures": [{"externalMessage": "old"}]}},
        {"failureSummary": {"failures": [failure]}},
    ]
    told = Attempts.parse({"attempts": attempts})
    assert (told.count, told.reason) == (2, "java.lang.Boom: no (in the source)")


def test_a_jobs_times_and_numbers_may_be_written_in_several_ways_or_missing() -> None:
    told = Job.parse({"jobId": "7", "status": "SUCCEEDED", "startTime": 1_750_000_000, "bytesScanned": "5"})
    assert (told.id, told.status, told.bytes, told.rows) == (7, "succeeded", 5, None)
    assert told.updated_at == told.started_at
    assert Job.parse({"jobId": 1, "status": "x", "lastUpdatedAt": "soon"}).updated_at is None


@pytest.mark.slow
def test_a_signal_that_ends_the_run_cancels_its_sync(server: Airbyte) -> None:
    server.go.clear()
    script = """
import signal, sys, dagster as dg
signal.signal(signal.SIGINT, signal.default_int_handler)
from sales_assets.sources.airbyte.airbyte_assets import build_airbyte_assets
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace
from sales_assets.settings import Settings
workspace = SalesAirbyteWorkspace(url=sys.argv[1], workspace_id="w", poll_interval=0.1)
assets = [each for each in build_airbyte_assets(Settings()) if each.op.name == "airbyte_crm"]
dg.materialize(assets, resources={"airbyte": workspace})
"""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script, server.url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not server.asked("GET", r"/jobs/\d+") and process.poll() is None:
        server.closing.wait(0.05)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) != 0
    assert server.asked("DELETE", r"/jobs/\d+") == 1
    assert server.jobs.all()[0].status == "cancelled"
