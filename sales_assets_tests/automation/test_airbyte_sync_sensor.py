"""The sensor that reports the syncs that Airbyte started, tick by tick, against a server over real HTTP."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from sales_assets.definitions import build_definitions
from sales_assets.demo.airbyte.connections import CONNECTIONS
from sales_assets.demo.airbyte.demo_jobs import EmulatedJob
from sales_assets.settings import Environment
from sales_assets.sources.airbyte.airbyte_assets import build_airbyte_assets
from sales_assets.sources.airbyte.changes import AirbyteCursor
from sales_assets.sources.airbyte.run_sync import format_sync_tag
from sales_assets.sources.airbyte.sync_jobs import Job
from sales_assets_tests.support.airbyte import CRM, GARBLED, RESET, SLOW, Airbyte, Fault
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.sensors import SensorUnderTest

pytestmark = pytest.mark.slow

ADS, _, PAYMENTS, STAGING = CONNECTIONS
STREAMS = {CRM.id: ["crm/accounts", "crm/contacts"], ADS.id: ["ads/spend"]}
KEYS = [dg.AssetKey(key.split("/")) for keys in STREAMS.values() for key in keys]


class Follower(SensorUnderTest):
    """The sensor, and the server that it follows."""

    def __init__(self, server: Airbyte, instance: dg.DagsterInstance):
        super().__init__("airbyte_sync_sensor", instance, airbyte=server.workspace())
        self.server = server

    def tick_syncs(self) -> tuple[list[str], list[str]]:
        """Return the reported events and the run keys of the requests of a tick."""
        result = self.tick()
        requested = [str(request.run_key) for request in result.run_requests or []]
        return format_events(result.asset_events), requested

    def reported(self) -> list[str]:
        """All materializations on the instance, with their job ids."""
        events = [
            record.asset_materialization
            for key in KEYS
            for record in self.instance.fetch_materializations(key, limit=1000, ascending=True).records
        ]
        return format_events(event for event in events if event)

    def materialize(self) -> None:
        """Materialize the CRM, which starts a sync."""
        assets = [each for each in build_airbyte_assets(settings_with()) if each.op.name == "airbyte_crm"]
        assert dg.materialize(
            assets, resources={"airbyte": self.server.workspace()}, instance=self.instance
        ).success


def format_events(events: Any) -> list[str]:
    return [f"{e.asset_key.to_user_string()} {e.metadata['job_id'].value}" for e in events]


@pytest.fixture
def follower(server: Airbyte, instance: dg.DagsterInstance) -> Follower:
    return Follower(server, instance)


def test_a_sync_is_reported_once_for_each_stream_and_requests_the_marts_once(follower: Follower) -> None:
    job = follower.server.sync()
    result = follower.evaluate()
    [accounts, contacts] = result.asset_events
    assert format_events([accounts, contacts]) == ["crm/accounts 1", "crm/contacts 1"]
    assert accounts.metadata["rows_synced"].value == 7
    assert accounts.metadata["job"].value.endswith(f"/connections/{CRM.id}/job-history#{job.id}::0")
    [request] = result.run_requests
    assert request.run_key == "airbyte jobs 1"
    assert follower.sensor.job_name == "airbyte_marts_job"
    assert follower.tick_syncs() == (["crm/accounts 1", "crm/contacts 1"], ["airbyte jobs 1"])
    assert follower.tick_syncs() == ([], [])
    follower.server.sync()
    assert follower.tick_syncs() == (["crm/accounts 2", "crm/contacts 2"], ["airbyte jobs 2"])


def test_syncs_of_several_connections_request_one_run_and_unknown_connections_are_ignored(
    follower: Follower,
) -> None:
    for connection in (CRM, STAGING, ADS, CRM):
        follower.server.sync(connection)
    reported, requested = follower.tick_syncs()
    crm = [f"crm/{stream} {id_}" for stream in ("accounts", "contacts") for id_ in (1, 4)]
    assert sorted(reported) == ["ads/spend 3", *crm]
    assert requested == ["airbyte jobs 1,3,4"]


def test_failed_and_running_syncs_are_not_reported(follower: Follower) -> None:
    follower.server.failure = "x"
    follower.server.sync()
    follower.server.failure = ""
    follower.server.go.clear()
    follower.server.jobs.start(CRM.id)
    assert follower.tick_syncs() == ([], [])


def test_a_sync_that_a_run_started_is_not_reported_again(follower: Follower) -> None:
    follower.materialize()
    assert follower.tick_syncs() == ([], [])
    assert follower.reported() == ["crm/accounts 1", "crm/contacts 1"]


def test_while_a_run_syncs_a_connection_the_jobs_of_the_connection_wait(follower: Follower) -> None:
    run = follower.instance.create_run_for_job(
        follower.repository.get_job("airbyte_marts_job"), tags={format_sync_tag(CRM.id): "prod_crm"}
    )
    follower.instance.report_dagster_event(build_start_event(run), run.run_id)
    follower.server.sync()
    follower.server.sync(ADS)
    assert follower.tick_syncs() == (["ads/spend 2"], ["airbyte jobs 2"])
    assert follower.tick_syncs() == ([], [])
    follower.instance.report_run_failed(run)
    assert follower.tick_syncs() == (["crm/accounts 1", "crm/contacts 1"], ["airbyte jobs 1"])
    assert follower.tick_syncs() == ([], [])


def build_start_event(run: dg.DagsterRun) -> dg.DagsterEvent:
    return dg.DagsterEvent("PIPELINE_START", job_name=run.job_name)


@pytest.mark.parametrize("stored", [0, 1, 2])
def test_a_tick_that_dies_before_its_cursor_is_stored_neither_repeats_nor_loses_anything(
    follower: Follower, stored: int
) -> None:
    follower.server.sync()
    result = follower.evaluate()
    follower.store_events(result, count=stored)
    reported, requested = follower.tick_syncs()
    assert requested == [result.run_requests[0].run_key]
    assert len(reported) == 2 - stored
    assert follower.reported() == ["crm/accounts 1", "crm/contacts 1"]


def test_a_sensor_that_lost_its_cursor_reports_nothing_twice(follower: Follower) -> None:
    follower.server.sync()
    follower.tick_syncs()
    follower.materialize()
    follower.cursor = None
    assert follower.tick_syncs()[0] == []
    assert len(follower.reported()) == 4


def move(job: EmulatedJob, by: timedelta) -> None:
    job.started_at += by.total_seconds()
    job.updated_at += by.total_seconds()


def test_a_job_that_appears_late_with_an_earlier_time_is_reported(follower: Follower) -> None:
    follower.server.sync()
    follower.tick_syncs()
    move(follower.server.sync(ADS), -timedelta(minutes=20))
    assert follower.tick_syncs() == (["ads/spend 2"], ["airbyte jobs 2"])


def test_a_sensor_that_was_off_for_a_week_catches_up_in_bounded_ticks(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.automation.sensors.airbyte_sync.JOBS_PER_TICK", 10)
    follower.cursor = AirbyteCursor(datetime.now(UTC) - timedelta(days=7), {}).to_json()
    for hours in range(25, 0, -1):
        move(follower.server.sync(ADS), -timedelta(hours=6 * hours))
    ticks = [follower.tick_syncs() for _ in range(4)]
    assert [len(reported) for reported, _ in ticks] == [10, 10, 5, 0]
    assert follower.reported() == [f"ads/spend {n}" for n in range(1, 26)]


def test_jobs_are_read_page_by_page(follower: Follower) -> None:
    for _ in range(5):
        follower.server.sync(ADS)
    workspace = follower.server.workspace(max_items_per_page=2)
    ids = [job.id for job in workspace.get_client().list_succeeded_since(datetime(2025, 1, 1, tzinfo=UTC))]
    assert ids == [1, 2, 3, 4, 5]
    assert follower.server.count_requests("GET", "/jobs") == 3


def test_answers_of_a_server_without_pages_or_filters_are_filtered_by_the_sensor(
    follower: Follower,
) -> None:
    jobs = [
        {"jobId": 3, "status": "succeeded", "connectionId": ADS.id, "lastUpdatedAt": format_time_in(-1)},
        {"jobId": 2, "status": "failed", "connectionId": ADS.id, "lastUpdatedAt": format_time_in(-2)},
        {
            "jobId": 4,
            "status": "succeeded",
            "connectionId": ADS.id,
            "jobType": "reset",
            "startTime": format_time_in(-1),
        },
        {"jobId": 1, "status": "succeeded", "connectionId": ADS.id, "lastUpdatedAt": format_time_in(-9000)},
    ]
    body = json.dumps({"data": jobs})
    follower.server.faults = [Fault(200, "GET", "/jobs", times=9, body=body)]
    assert follower.tick_syncs() == (["ads/spend 3"], ["airbyte jobs 3"])


def format_time_in(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


@pytest.mark.parametrize("fault", [503, RESET, GARBLED, SLOW, 401])
def test_a_server_that_fails_fails_the_tick_and_the_cursor_stays(
    follower: Follower, fault: int | str
) -> None:
    follower.tick_syncs()
    cursor = follower.cursor
    follower.server.sync()
    follower.server.faults = [Fault(fault, times=2)]
    with pytest.raises(Exception, match="Airbyte at"):
        follower.tick_syncs()
    follower.server.faults = []
    assert follower.cursor == cursor
    assert follower.tick_syncs() == (["crm/accounts 1", "crm/contacts 1"], ["airbyte jobs 1"])


def test_a_stream_that_is_no_longer_selected_is_not_reported(follower: Follower) -> None:
    follower.server.replace(replace(CRM, unselected=("contacts",)))
    follower.server.sync()
    assert follower.tick_syncs()[0] == ["crm/accounts 1"]


def test_the_cursor_forgets_what_is_older_than_the_overlap() -> None:
    now = datetime(2025, 1, 15, 12, tzinfo=UTC)
    jobs = [
        replace(Job.parse({"jobId": n, "status": "succeeded"}), updated_at=now + timedelta(minutes=20 * n))
        for n in range(5)
    ]
    after = AirbyteCursor(now, {}).advance(jobs, [])
    assert after.until == jobs[-1].updated_at
    assert set(after.seen) == {3, 4}
    assert AirbyteCursor.from_json(after.to_json()) == after


def test_a_cursor_of_an_earlier_version_is_still_read() -> None:
    time = datetime(2025, 1, 15, 12, tzinfo=UTC)
    stored = '{"until": "2025-01-15T12:00:00+00:00", "seen": {"3": "2025-01-15T12:00:00+00:00"}}'
    assert AirbyteCursor.from_json(stored) == AirbyteCursor(time, {3: time})


def test_the_cursor_does_not_move_past_a_waiting_job() -> None:
    now = datetime(2025, 1, 15, 12, tzinfo=UTC)
    early, late = (
        replace(Job.parse({"jobId": n, "status": "succeeded"}), updated_at=now + timedelta(hours=n))
        for n in range(2)
    )
    after = AirbyteCursor(now - timedelta(hours=1), {}).advance([late], [early])
    assert after.new([early, late], 9) == [early]
    assert after.advance([early], []).until == late.updated_at


def test_sensor_and_schedule_are_running_by_default_only_where_a_real_server_is_configured() -> None:
    for environment in Environment:
        for has_url in (True, False):
            settings = settings_with(environment=environment, has_airbyte_url=has_url)
            repository = build_definitions(settings).get_repository_def()
            expected = "RUNNING" if has_url else "STOPPED"
            assert repository.get_sensor_def("airbyte_sync_sensor").default_status.name == expected
            assert repository.get_schedule_def("airbyte_snapshot_schedule").default_status.name == expected


def test_the_marts_job_builds_the_models_downstream_of_airbyte_and_no_daily_model(
    follower: Follower,
) -> None:
    layer = follower.repository.get_job("airbyte_marts_job").asset_layer
    staging = ["accounts", "ad_spend", "charges", "refunds"]
    assert {key.to_user_string() for key in layer.executable_asset_keys} == {
        "gold/marketing_roi",
        "gold/payments_reconciliation",
        *(f"staging/stg_{name}" for name in staging),
    }
    assert not any(layer.get(key).partitions_def for key in layer.executable_asset_keys)
