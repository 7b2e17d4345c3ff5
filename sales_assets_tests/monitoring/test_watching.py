"""What no run tells: gold that is late, sensors whose ticks fail or do not come, a daemon that is dead."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster_shared.error import SerializableErrorInfo

from sales_assets.catalog.names import FRESHNESS_JOB, YESTERDAY_CHECK
from sales_assets.definitions import defs
from sales_assets.errors import UnavailableError
from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.backfill_alerts import tell_of_backfills
from sales_assets.monitoring.alerts.channels import AlertsResource
from sales_assets.monitoring.alerts.check_alerts import tell_of_checks
from sales_assets.monitoring.alerts.ended_runs import read_run
from sales_assets.monitoring.alerts.ledger import KEY, Ledger
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.monitoring.alerts.tick_alerts import tell_of_ticks
from sales_assets.monitoring.alerts.yesterday_alerts import looks_at_yesterday, tell_of_yesterday
from sales_assets.private_apis.instance import replace_value
from sales_assets.settings import Environment
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.quick_instances import stored_instance
from sales_assets_tests.support.receiver import running_receiver

DAY = "2025-03-09"
SENSOR, INTERVAL = "erp_late_changes_sensor", 300


def at(hour: int, minute: int = 0, day: int = 10) -> float:
    return datetime(2025, 3, day, hour, minute, tzinfo=UTC).timestamp()


@pytest.fixture
def telling(instance: dg.DagsterInstance) -> Telling:
    return Telling(instance, defs.get_repository_def(), settings_with(environment=Environment.PROD))


def test_that_yesterday_is_not_complete_is_told_once_for_each_day_and_when_it_is(telling: Telling) -> None:
    instance, ledger = telling.instance, Ledger(since=0)
    asset, name = YESTERDAY_CHECK.asset_key, YESTERDAY_CHECK.name
    found: list[tuple[str, bool] | Exception] = []

    @dg.asset_check(asset=asset, name=name)
    def check() -> dg.AssetCheckResult:
        result = found.pop()
        if isinstance(result, Exception):
            raise result
        day, passed = result
        return dg.AssetCheckResult(passed=passed, description="The plan:\n  run 1.", metadata={"day": day})

    job = dg.define_asset_job(FRESHNESS_JOB, dg.AssetSelection.all_asset_checks())
    definitions = dg.Definitions([dg.AssetSpec(asset)], asset_checks=[check], jobs=[job])

    def look(result: tuple[str, bool] | Exception, when: float) -> list[Alert]:
        found.append(result)
        run = definitions.resolve_job_def(FRESHNESS_JOB).execute_in_process(
            instance=instance, raise_on_error=False
        )
        [record] = instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))
        ended = replace(read_run(instance, record), ended=when)
        assert looks_at_yesterday(ended)
        assert tell_of_checks(ended, ledger, telling) == []  # so that it is not told twice
        return tell_of_yesterday(ended, ledger, telling)

    [late] = look((DAY, False), at(8))
    assert late.title == f"Gold is not complete for {DAY}, so reports may be wrong."
    assert (late.is_critical, late.kind) == (True, Kind.DAY_NOT_COMPLETE)
    assert late.lines[:2] == ("The plan:", "  run 1.")
    assert look((DAY, False), at(9)) == look(("2025-01-07", False), at(9)) == []
    [next_day] = look(UnavailableError("The ERP did not answer."), at(8, day=11))
    assert next_day.lines[0] == "The ERP did not answer."
    assert "2025-03-10" in next_day.title
    assert look((DAY, True), at(9, day=11)) == []
    [complete] = look(("2025-03-10", True), at(10, day=11))
    assert (complete.title, complete.level) == ("Gold is complete for 2025-03-10 now.", Level.SUCCESS)
    assert look(("2025-03-10", True), at(11, day=11)) == []


class Ticks:
    """The ticks of one sensor, as a daemon stores them."""

    def __init__(self, instance: dg.DagsterInstance):
        self.instance = instance
        location = RegisteredCodeLocationOrigin("sales_assets")
        origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), SENSOR)
        data = SensorInstigatorData(min_interval=INTERVAL)
        self.state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)
        instance.add_instigator_state(self.state)

    def add(self, time: float, error: str = "") -> None:
        """Store a tick that ended."""
        tick = self.instance.create_tick(
            TickData(
                self.state.instigator_origin_id,
                SENSOR,
                InstigatorType.SENSOR,
                TickStatus.STARTED,
                time,
                selector_id=self.state.selector_id,
            )
        )
        text = f"sales_assets.errors.UnavailableError: {error}\n"
        info = SerializableErrorInfo(text, [], "UnavailableError") if error else None
        status = TickStatus.FAILURE if error else TickStatus.SKIPPED
        self.instance.update_tick(tick.with_status(status, error=info, end_timestamp=time))


@pytest.fixture
def ticks(tmp_path: Path) -> Iterator[Ticks]:
    with stored_instance(tmp_path) as instance:
        yield Ticks(instance)


@pytest.mark.slow
def test_a_sensor_whose_ticks_fail_or_do_not_come_is_told_once_and_its_recovery(
    ticks: Ticks, telling: Telling
) -> None:
    telling, ledger = replace(telling, instance=ticks.instance), Ledger(since=0)

    def look(time: float) -> list[str]:
        return [alert.title for alert in tell_of_ticks(ledger, telling, time)]

    told = []
    for minute in (0, 5, 10, 15):
        ticks.add(at(3, minute), error="The ERP did not answer.")
        told.append(tell_of_ticks(ledger, telling, at(3, minute) + 1))
    assert [[alert.title for alert in alerts] for alerts in told] == [[], [], [f"{SENSOR} fails."], []]
    assert told[2][0].lines[0] == "The ERP did not answer."
    ticks.add(at(3, 20))
    assert look(at(3, 20) + 1) == [f"{SENSOR} works again."]
    # The daemon is off for an hour: nothing ticked meanwhile, and nothing is wrong with this sensor.
    assert [look(at(4, minute)) for minute in range(21, 37)] == [[]] * 16
    assert look(at(4, 37)) == [f"{SENSOR} has not ticked for 3 intervals."]
    assert look(at(6)) == []  # it was off again, which is no recovery
    ticks.add(at(6, 1))
    assert look(at(6, 2)) == [f"{SENSOR} works again."]
    assert [look(at(6, minute)) for minute in range(3, 12)] == [[]] * 9
    assert look(at(6, 20)) == []  # it was restarted: the others had no time to tick
    ticks.instance.update_instigator_state(ticks.state.with_status(InstigatorStatus.STOPPED))
    assert [look(at(6, minute)) for minute in range(21, 57)] == [[]] * 36


def test_the_heartbeat_stops_when_alerts_are_not_told(instance: dg.DagsterInstance) -> None:
    with running_receiver("a-secret-check") as receiver:
        url = receiver.url.replace("json:", "http:")
        sensor = defs.get_repository_def().get_sensor_def("heartbeat_sensor")

        def beat() -> str:
            alerts = AlertsResource(heartbeat_url=url)
            with dg.build_sensor_context(instance=instance, resources={"alerts": alerts}) as context:
                return str(sensor.evaluate_tick(context).skip_message)

        assert beat() == "The heartbeat was sent."
        receiver.status = 503
        with pytest.raises(UnavailableError, match="status 503") as raised:
            beat()
        receiver.status = 200
        assert "a-secret-check" not in str(raised.value)
        stale = Ledger(since=0, looked_at=1).model_dump_json()
        assert replace_value(instance, KEY, None, stale)
        assert beat().startswith("No heartbeat was sent")
        assert receiver.beats == 2
        with patch("requests.get", side_effect=AssertionError):
            assert AlertsResource().heartbeat_url == ""


def test_a_backfill_that_ended_is_told_once_with_what_failed(telling: Telling) -> None:
    instance, ledger = telling.instance, Ledger(since=time.time())

    @dg.op
    def fails() -> None:
        raise ValueError

    for day, job in ((DAY, "fails"), ("2025-03-08", "works")):
        tags = {"dagster/backfill": "abc", "dagster/partition": day}
        graph = dg.GraphDefinition(job, node_defs=[fails] if job == "fails" else [])
        graph.to_job().execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    backfill = PartitionBackfill(
        backfill_id="abc",
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=ledger.since,
    )
    instance.add_backfill(backfill)
    assert tell_of_backfills(ledger, telling) == []
    done: PartitionBackfill = backfill._replace(status=BulkActionStatus.COMPLETED_FAILED)
    instance.update_backfill(done.with_end_timestamp(ledger.since + 1))
    [alert] = tell_of_backfills(ledger, telling)
    assert alert.title == "The backfill abc failed."
    assert alert.lines[0] == "2 run(s), 1 failed."
    assert f"Failed: {DAY}." in alert.lines[1]
    assert tell_of_backfills(ledger, telling) == []
