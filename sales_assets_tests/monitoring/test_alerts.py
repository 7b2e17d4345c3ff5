"""Alerts: over real HTTP, from runs that really failed, each arrives once and tells the truth."""

import sys
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from sales_assets.catalog.names import DAILY_JOB, NO_DATA_TAG, OWNER
from sales_assets.catalog.partitions import DAILY
from sales_assets.commands.__main__ import main
from sales_assets.definitions import defs
from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.monitoring.alerts import tell
from sales_assets.monitoring.alerts.channels import NOT_INSTALLED, UNKNOWN_URL, AlertsResource
from sales_assets.monitoring.alerts.check_channels import check_channels
from sales_assets.monitoring.alerts.deliver import GIVE_UP_SECONDS, MOST_PER_HOUR
from sales_assets.monitoring.alerts.ended_runs import read_run as really_read_run
from sales_assets.monitoring.alerts.ledger import LEASE_SECONDS, LedgerStore, LedgerTakenError
from sales_assets.monitoring.alerts.tell import Outcome, tell_what_is_new
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.private_apis.instance import tag_run
from sales_assets.settings import RUNBOOK_URL, Environment, settings
from sales_assets_tests.support.data_dir import environment_with, settings_with
from sales_assets_tests.support.receiver import Receiver, running_receiver

DAY, NEXT_DAY = "2025-01-15", "2025-01-16"
TOKEN = "a-token-that-is-secret"


class World:
    """What the source does when the next run asks it."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.passed, self.severity = True, dg.AssetCheckSeverity.ERROR
        self.is_empty = False


class Alerting:
    """Runs and ticks of one deployment, at a time that the test decides."""

    def __init__(self, instance: dg.DagsterInstance, world: World, **urls: str):
        self.instance, self.world = instance, world
        self.resource = AlertsResource(**{"deployment": "prod", **urls})
        self.logged: list[str] = []
        self.now = 0.0
        job = dg.define_asset_job(DAILY_JOB, dg.AssetSelection.all())
        self.definitions = dg.Definitions([self._raw_orders()], asset_checks=[self._adds_up()], jobs=[job])
        repository = self.definitions.get_repository_def()
        self.telling = Telling(instance, repository, settings_with(dagster_url="https://dagster.example.com"))
        self.tick(start=1.0)  # the first tick only begins

    def tick(self, after: float = 0.0, *, start: float = 0.0) -> Outcome:
        """One tick, some seconds after the last one."""
        self.now = time.time() if start else max(self.now + after, self.now)
        return tell_what_is_new(self.telling, self.resource, self.now, self.logged.append)

    def run(self, day: str = DAY, tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
        """A run of the day."""
        job = self.definitions.resolve_job_def(DAILY_JOB)
        return job.execute_in_process(
            instance=self.instance, partition_key=day, raise_on_error=False, tags=tags
        )

    def _raw_orders(self) -> dg.AssetsDefinition:
        world = self.world

        @dg.asset(
            partitions_def=DAILY,
            owners=["team:sales"],
            output_required=False,
            retry_policy=dg.RetryPolicy(max_retries=1),
        )
        def raw_orders(context: dg.AssetExecutionContext) -> Iterator[Any]:
            if world.error:
                raise world.error
            if world.is_empty:
                day = context.partition_key
                context.log_event(
                    dg.AssetObservation("raw_orders", partition=day, metadata={NO_DATA_TAG: True})
                )
            else:
                yield dg.Output(1, metadata={"row_count": 1200, "total_amount": 34567.891})

        return raw_orders

    def _adds_up(self) -> dg.AssetChecksDefinition:
        world = self.world

        @dg.asset_check(asset="raw_orders")
        def adds_up() -> dg.AssetCheckResult:
            metadata: dict[str, Any] = {"differing_orders": 3, "example": "Ada Lovelace"}
            return dg.AssetCheckResult(passed=world.passed, severity=world.severity, metadata=metadata)

        return adds_up


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver(TOKEN) as receiver:
        yield receiver


@pytest.fixture
def alerting(instance: dg.DagsterInstance, receiver: Receiver) -> Alerting:
    return Alerting(instance, World(), urls=receiver.url)


@pytest.mark.slow
def test_a_failed_run_is_told_once_with_its_reason_and_its_recovery(
    alerting: Alerting, receiver: Receiver
) -> None:
    alerting.world.error = UnavailableError("The ERP did not answer. No stored data was changed.")
    failed = alerting.run()
    alerting.tick()
    alerting.tick()
    [message] = receiver.accepted
    assert message["title"] == f"[prod] raw_orders failed for {DAY}."
    assert message["type"] == "failure"
    assert message["message"].splitlines() == [
        "The ERP did not answer. No stored data was changed.",
        "Attempts: 2. Owner: team:sales.",
        "Fix the cause, then run the days again "
        f"with `make repair RUN=1` or `make backfill FROM={DAY} TO={DAY}`.",
        f"https://dagster.example.com/runs/{failed.run_id}",
        f"{RUNBOOK_URL}#a-run-failed",
    ]
    alerting.world.error = None
    alerting.run(NEXT_DAY)
    alerting.tick()
    assert receiver.titles[1:] == [f"[prod] {DAILY_JOB} succeeded for {NEXT_DAY}."]
    assert "Orders: 1,200. Revenue: 34,567.89 EUR." in receiver.accepted[1]["message"]
    alerting.run()
    alerting.tick()
    alerting.tick()
    assert receiver.titles[2:] == [
        f"[prod] {DAILY_JOB} succeeded for {DAY}.",
        "[prod] What had failed is stored now.",
    ]
    assert f"raw_orders {DAY}" in receiver.accepted[3]["message"]


def test_a_run_that_dagster_retries_is_told_after_its_last_attempt(
    alerting: Alerting, receiver: Receiver
) -> None:
    alerting.world.error = RefusedError("The rows are wrong.")
    first = alerting.run()
    tag_run(alerting.instance, first.run_id, {"dagster/will_retry": "true"})
    alerting.tick()
    assert receiver.titles == []
    alerting.run(tags={"dagster/retry_number": "1"})
    alerting.tick()
    [message] = receiver.accepted
    assert message["message"].startswith("The rows are wrong.\nAttempts: 2.")


def test_checks_are_told_when_they_change_and_not_when_they_repeat(
    alerting: Alerting, receiver: Receiver
) -> None:
    alerting.world.passed = False
    alerting.world.severity = dg.AssetCheckSeverity.WARN
    for _ in range(2):
        alerting.run()
        alerting.tick()
    alerting.world.severity = dg.AssetCheckSeverity.ERROR
    alerting.run()
    alerting.tick()
    alerting.world.passed = True
    alerting.run(NEXT_DAY)
    alerting.tick()
    alerting.run()
    alerting.tick()
    of_checks = [message for message in receiver.accepted if "heck" in message["title"]]
    assert [message["title"].removeprefix("[prod] ") for message in of_checks] == [
        f"The check adds_up warns for {DAY}.",
        f"The check adds_up failed for {DAY}.",
        "Checks that had failed pass again.",
    ]
    assert "raw_orders: adds_up warns: differing_orders 3." in of_checks[0]["message"]
    assert "Ada" not in str(receiver.received)


@pytest.mark.slow
def test_a_day_without_data_is_told_once_and_its_orders_when_they_arrive(
    alerting: Alerting, receiver: Receiver
) -> None:
    alerting.world.is_empty = True
    for _ in range(2):
        alerting.run()
        alerting.tick()
    assert receiver.titles == [f"[prod] The ERP has no orders for {DAY}."]
    alerting.world.is_empty = False
    alerting.run()
    alerting.tick()
    assert receiver.titles[-1] == f"[prod] Orders have arrived for {DAY}."


@pytest.mark.parametrize("status", [500, 429])
def test_a_channel_that_is_down_gets_its_alerts_later_and_the_others_at_once(
    instance: dg.DagsterInstance, status: int
) -> None:
    with running_receiver() as down, running_receiver() as up:
        alerting = Alerting(instance, World(), urls=f"json://127.0.0.1:1/ {down.url}, {up.url}")
        down.status = status
        alerting.world.error = RefusedError("The rows are wrong.")
        alerting.run()
        alerting.tick()
        assert len(up.accepted) == 1
        assert len(down.received) == 1
        alerting.tick(after=30)
        assert len(down.received) == 1  # it is left alone for a minute
        alerting.tick(after=31)
        assert len(down.received) == 2
        down.status = 200
        alerting.tick(after=121)
        alerting.tick(after=241)
        assert len(up.accepted) == len(down.accepted) == 1
        assert "ALERT_URLS 2 (json) did not take an alert. It is tried again in 1 min." in alerting.logged[1]
        assert alerting.tick().waiting == 1  # at the first one, which refuses connections
        assert alerting.tick(after=GIVE_UP_SECONDS).waiting == 0
        assert "Given up after a day: ALERT_URLS 1 (json)" in alerting.logged[-1]


def test_a_channel_that_never_answers_does_not_keep_an_alert_from_the_next(
    instance: dg.DagsterInstance, receiver: Receiver
) -> None:
    with running_receiver() as silent:
        silent.status = 0
        alerting = Alerting(instance, World(), urls=f"{silent.url}?rto=0.2 {receiver.url}")
        alerting.world.error = RefusedError("The rows are wrong.")
        alerting.run()
        assert alerting.tick().waiting == 1
        assert (len(silent.received), len(receiver.accepted)) == (1, 1)


def test_a_flood_is_bounded_and_counted(alerting: Alerting, receiver: Receiver) -> None:
    with patch("sales_assets.monitoring.alerts.deliver.MOST_PER_HOUR", 3):
        alerting.world.error = RefusedError("The rows are wrong.")
        for _ in range(5):
            alerting.run()
        alerting.tick()
        assert len(receiver.accepted) == 3
        alerting.tick(after=600)
        assert len(receiver.accepted) == 3
        alerting.tick(after=3_001)
    assert receiver.titles[3:] == [
        "[prod] 2 alert(s) were held back, because there were more than 3 in an hour."
    ]
    assert MOST_PER_HOUR > 3


def test_two_daemons_and_one_that_dies_tell_an_alert_once(alerting: Alerting, receiver: Receiver) -> None:
    alerting.world.error = RefusedError("The rows are wrong.")
    alerting.run()
    telling = alerting.telling
    dead = LedgerStore(alerting.instance)
    dead.open(alerting.now)  # it dies here, or is slow
    with pytest.raises(LedgerTakenError):
        alerting.tick()
    alerting.tick(after=LEASE_SECONDS + 1)
    assert len(receiver.accepted) == 1
    alerting.run(NEXT_DAY)

    def send_after_the_other(self: AlertsResource, *args: Any) -> str:
        # This tick has lost its lease to the other daemon, which tells everything meanwhile.
        monkeypatch.undo()
        tell_what_is_new(telling, alerting.resource, alerting.now + LEASE_SECONDS + 1, print)
        return ""

    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(AlertsResource, "send", send_after_the_other)
    with pytest.raises(LedgerTakenError):
        alerting.tick()
    alerting.tick(after=3 * LEASE_SECONDS)
    assert len(receiver.accepted) == 2


def test_alerts_go_to_the_owners_channel_and_critical_ones_to_on_call_too(
    instance: dg.DagsterInstance, receiver: Receiver
) -> None:
    with running_receiver() as sales, running_receiver() as on_call:
        urls = f"{receiver.url} team:sales={sales.url}"
        alerting = Alerting(instance, World(), urls=urls, critical_urls=on_call.url)
        alerting.world.error = RefusedError("The rows are wrong.")
        alerting.run()
        alerting.tick()
        assert (len(receiver.accepted), len(sales.accepted), len(on_call.accepted)) == (0, 1, 0)
        assert OWNER != "team:sales"


def test_without_a_channel_alerts_are_logged(instance: dg.DagsterInstance) -> None:
    alerting = Alerting(instance, World())
    alerting.world.error = RefusedError("The rows are wrong.")
    alerting.run()
    alerting.tick()
    alerting.tick()
    [text] = alerting.logged
    assert text.startswith(f"raw_orders failed for {DAY}.\nThe rows are wrong.")


def test_no_secret_and_no_personal_data_leaves_by_an_alert_or_its_log(
    instance: dg.DagsterInstance, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setenv("ERP_POSTGRES_URL", "postgresql://user:pl4nted-pw@host/db")
    monkeypatch.setenv("ALERT_URLS", receiver.url)
    alerting = Alerting(instance, World(), urls=receiver.url)
    alerting.world.error = ValueError(f"ada@example.com has 'Ada Lovelace', pl4nted-pw and {TOKEN}")
    alerting.run()
    receiver.status = 500
    alerting.tick()
    receiver.status = 200
    alerting.tick(after=61)
    stored = LedgerStore(instance).open(alerting.now + 1).model_dump_json()
    shown = str(receiver.received) + str(alerting.logged) + repr(alerting.resource) + stored
    shown += repr(alerting.resource.list_channels())
    assert len(receiver.accepted) == 1
    for secret in ("ada@", "Ada", "pl4nted", TOKEN, "127.0.0.1"):
        assert secret not in shown
    assert TOKEN not in "".join(record.getMessage() for record in caplog.records if record.name != "dagster")


def test_the_command_and_the_doctor_say_what_is_wrong_with_which_channel(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    urls = f"{receiver.url} nonsense://{TOKEN} team:sales=json://127.0.0.1:1"
    with environment_with({"ALERT_URLS": urls}):
        assert main(["alerts", "test"]) == 1
        problems = [finding.text for finding in check_channels(settings()) if not finding.is_ok]
    [accepted] = receiver.accepted
    assert accepted["title"] == "[local] This is a test."
    printed = capfd.readouterr().out.splitlines()
    assert printed[0] == "ok   ALERT_URLS 1 (json): the message was accepted."
    assert printed[1].startswith("fix  ALERT_URLS 2 (nonsense): apprise does not know such a URL.")
    assert printed[2].startswith("fix  ALERT_URLS 3 (json): ")
    assert problems == [f"ALERT_URLS 2 (nonsense): {UNKNOWN_URL}"]
    assert TOKEN not in str(printed)
    monkeypatch.setitem(sys.modules, "apprise", None)
    with environment_with({"ALERT_URLS": urls}):
        assert next(finding.text for finding in check_channels(settings())).endswith(NOT_INSTALLED)
    [finding] = check_channels(settings_with(environment=Environment.PROD))
    assert finding.remedy == "Set ALERT_URLS; .env.example explains it."


def test_the_sensor_tells_and_a_run_that_cannot_be_read_silences_no_other(
    alerting: Alerting, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = defs.get_repository_def().get_sensor_def("alerts_sensor")

    def tick() -> str:
        with dg.build_sensor_context(
            instance=alerting.instance,
            repository_def=alerting.definitions.get_repository_def(),
            resources={"alerts": alerting.resource},
        ) as context:
            return str(sensor.evaluate_tick(context).skip_message)

    alerting.run()
    broken = alerting.run(NEXT_DAY)

    def read_run(instance: dg.DagsterInstance, record: dg.RunRecord) -> Any:
        if record.dagster_run.run_id == broken.run_id:
            raise KeyError
        return really_read_run(instance, record)

    monkeypatch.setattr(tell, "read_run", read_run)
    assert tick() == "2 new alert(s), 2 message(s) sent, 0 alert(s) waiting."
    assert "its events could not be read" in receiver.titles[1]
    assert tick() == "0 new alert(s), 0 message(s) sent, 0 alert(s) waiting."
    LedgerStore(alerting.instance).open(time.time())
    assert tick() == "Another tick is telling alerts; this one leaves them to it."
