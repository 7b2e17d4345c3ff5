"""One sync on a clock that the test controls: how long outages may last, and what is cancelled."""

import logging
import signal
from collections.abc import Callable

import pytest

from sales_assets.errors import RefusedError
from sales_assets.sources.airbyte.failures import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.sources.airbyte.sync import PollingConfig, Sync
from sales_assets.sources.airbyte.sync_jobs import Attempts, Job
from sales_assets_tests.support.airbyte import Airbyte
from sales_assets_tests.support.python_process import PythonProcess

LOG = logging.getLogger("test")
DOWN = AirbyteUnavailableError("down")


def job(id_: int, status: str = "running") -> Job:
    return Job.parse({"jobId": id_, "status": status})


class FakeServer:
    """A scripted server, and the clock on which its client waits."""

    def __init__(self) -> None:
        self.time = 0.0
        self.known: list[Job] = []
        self.starts: list[Job | Exception | Callable[[], Job]] = [job(1)]
        self.poll: Callable[[float], Job | BaseException] = lambda _: job(1, "succeeded")
        self.calls: list[str] = []
        self.polling = PollingConfig(poll_seconds=10, timeout_seconds=5400)

    def list_syncs(self, _: str) -> list[Job]:
        self.calls.append("syncs")
        return self.known

    def start_sync(self, _: str) -> Job:
        self.calls.append("start")
        outcome = self.starts.pop(0) if len(self.starts) > 1 else self.starts[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome if isinstance(outcome, Job) else outcome()

    def get_job(self, _: int) -> Job:
        outcome = self.poll(self.time)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def cancel_job(self, job_id: int) -> None:
        self.calls.append(f"cancel {job_id}")

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def run(self) -> Job:
        clock = lambda: self.time  # noqa: E731
        return Sync(
            server=self,
            connection_id="c",
            name="prod_crm",
            polling=self.polling,
            log=LOG,
            clock=clock,
            sleep=self.sleep,
        ).run()


def test_each_outage_may_last_as_long_as_configured_and_an_answer_ends_it() -> None:
    fake = FakeServer()
    fake.poll = lambda now: DOWN if 20 < now < 600 or 700 < now < 1280 else job(1)
    fake.polling = PollingConfig(poll_seconds=10, timeout_seconds=2000)
    with pytest.raises(RefusedError, match="has not ended after 2000 s"):
        fake.run()
    assert fake.time > 2000
    assert "cancel 1" not in fake.calls


def test_an_outage_that_lasts_too_long_fails_the_run_and_the_sync_continues() -> None:
    fake = FakeServer()
    fake.poll = lambda now: DOWN if now > 20 else job(1)
    with pytest.raises(AirbyteUnavailableError):
        fake.run()
    assert 600 < fake.time < 700
    assert fake.calls == ["syncs", "start"]


def test_without_a_timeout_a_sync_is_waited_for_however_long_it_takes() -> None:
    fake = FakeServer()
    fake.polling = PollingConfig(poll_seconds=10, timeout_seconds=None)
    fake.poll = lambda now: job(1, "succeeded" if now > 1_000_000 else "running")
    assert fake.run().status == "succeeded"


def test_before_a_start_is_sent_again_its_sync_is_searched_for_three_times() -> None:
    fake = FakeServer()
    fake.starts = [DOWN, DOWN, job(1)]
    assert fake.run().id == 1
    assert fake.calls == ["syncs", "start", *["syncs"] * 3, "start", *["syncs"] * 3, "start"]


def test_a_server_that_never_starts_a_sync_fails_the_run_and_is_searched_before_every_start() -> None:
    fake = FakeServer()
    fake.starts = [DOWN]
    with pytest.raises(AirbyteUnavailableError):
        fake.run()
    assert "start start" not in " ".join(fake.calls)
    assert 600 < fake.time < 700


def test_an_unconfirmed_sync_that_has_already_ended_is_still_found() -> None:
    fake = FakeServer()
    fake.known = [job(1, "succeeded")]

    def lost() -> Job:
        fake.known = [*fake.known, job(2, "succeeded")]
        raise DOWN

    fake.starts = [lost]
    assert fake.run().id == 2
    assert fake.calls.count("start") == 1


def test_a_conflict_with_something_else_than_a_sync_is_a_refusal() -> None:
    fake = FakeServer()
    fake.starts = [AirbyteRefusedError("a reset is running", 409)]
    with pytest.raises(AirbyteRefusedError, match="a reset is running"):
        fake.run()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_run_that_is_cancelled_cancels_the_sync_that_it_started(interruption: type[BaseException]) -> None:
    fake = FakeServer()
    fake.poll = lambda _: interruption()
    with pytest.raises(interruption):
        fake.run()
    assert "cancel 1" in fake.calls


def test_a_run_that_is_cancelled_does_not_cancel_a_sync_that_it_may_not_have_started() -> None:
    joined, unclear, configured = FakeServer(), FakeServer(), FakeServer()
    joined.known = [job(1)]
    unclear.starts = [lambda: unclear.known.append(job(1)) or (_ for _ in ()).throw(DOWN)]  # type: ignore[func-returns-value]
    configured.polling = PollingConfig(cancel_with_run=False)
    for fake in (joined, unclear, configured):
        fake.poll = lambda _: KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            fake.run()
        assert "cancel 1" not in fake.calls


def test_a_cancellation_that_fails_does_not_hide_why_the_run_ends() -> None:
    fake = FakeServer()
    fake.poll = lambda _: KeyboardInterrupt()
    fake.cancel_job = lambda _: (_ for _ in ()).throw(DOWN)  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        fake.run()


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"attempts": None},
        {"attempts": []},
        {"attempts": [{"attempt": None}]},
        {"attempts": [None]},
        {"attempts": [{"attempt": {"failureSummary": {"failures": [None, {}]}, "streamStats": [{}]}}]},
    ],
)
def test_attempts_without_facts_are_read_as_unknown(payload: dict[str, object]) -> None:
    attempts = Attempts.parse(payload)
    assert (attempts.reason, attempts.is_configuration) == (None, False)


def test_the_last_attempts_first_line_is_the_reason_without_its_stack() -> None:
    failure = {"internalMessage": "java.lang.Boom: no\n\tat a.b(C.java:1)", "failureOrigin": "source"}
    attempts = [
        {"failureSummary": {"failures": [{"externalMessage": "old"}]}},
        {"failureSummary": {"failures": [failure]}},
    ]
    parsed = Attempts.parse({"attempts": attempts})
    assert (parsed.count, parsed.reason) == (2, "java.lang.Boom: no (in the source)")


def test_a_jobs_times_and_numbers_may_be_written_in_several_ways_or_missing() -> None:
    parsed = Job.parse({"jobId": "7", "status": "SUCCEEDED", "startTime": 1_750_000_000, "bytesScanned": "5"})
    assert (parsed.id, parsed.status, parsed.bytes, parsed.rows) == (7, "succeeded", 5, None)
    assert parsed.updated_at == parsed.started_at
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
    process = PythonProcess("-c", script, server.url)
    while not server.count_requests("GET", r"/jobs/\d+") and process.is_alive():
        server.closing.wait(0.05)
    process.send(signal.SIGINT)
    assert process.wait()[0] != 0
    assert server.count_requests("DELETE", r"/jobs/\d+") == 1
    assert server.jobs.list_all()[0].status == "cancelled"
