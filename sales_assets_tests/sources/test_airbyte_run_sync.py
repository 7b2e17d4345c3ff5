"""Syncing a connection, against an Airbyte over real HTTP with injected faults."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from sales_assets.settings import Settings
from sales_assets.sources.airbyte.airbyte_assets import build_airbyte_assets
from sales_assets.sources.airbyte.run_sync import format_sync_tag
from sales_assets_tests.support.airbyte import CRM, GARBLED, RESET, SLOW, TORN, Airbyte, Fault

pytestmark = pytest.mark.slow

ASSETS = [each for each in build_airbyte_assets(Settings()) if each.op.name == "airbyte_crm"]
ACCOUNTS, CONTACTS = dg.AssetKey(["crm", "accounts"]), dg.AssetKey(["crm", "contacts"])
JOB = r"/jobs/\d+"
FAULTS = [503, 500, 502, 429, RESET, SLOW, GARBLED, TORN]


class Run:
    """A run of the assets of prod_crm, and its result."""

    def __init__(self, server: Airbyte, selection: Any = None, **config: Any):
        self.instance = dg.DagsterInstance.ephemeral()
        self.result = dg.materialize(
            ASSETS,
            resources={"airbyte": server.workspace(**config)},
            instance=self.instance,
            selection=selection,
            raise_on_error=False,
        )

    @property
    def metadata(self) -> dict[dg.AssetKey, dict[str, Any]]:
        """The metadata of each materialized asset."""
        events = [e.materialization for e in self.result.get_asset_materialization_events()]
        return {e.asset_key: {name: value.value for name, value in e.metadata.items()} for e in events}

    @property
    def error(self) -> str:
        """The error of the failed step."""
        failure = self.result.failure_data_for_node("airbyte_crm")
        assert failure is not None
        assert failure.error is not None
        causes = [failure.error, *filter(None, [failure.error.cause])]
        described = failure.user_failure_data.description if failure.user_failure_data else ""
        return " ".join([str(described), *(cause.message for cause in causes)])

    @property
    def was_retried(self) -> bool:
        """Whether the retry policy applied."""
        return bool(self.result.filter_events(lambda event: event.is_step_up_for_retry))


def when(server: Airbyte, condition: Callable[[], bool], do: Callable[[], None]) -> threading.Thread:
    """Do something in a thread as soon as a condition holds."""

    def watch() -> None:
        while not (condition() or server.closing.wait(0.005)):
            pass
        do()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_a_sync_materializes_every_stream_with_its_numbers_and_links(server: Airbyte) -> None:
    run = Run(server)
    assert run.result.success
    page = f"{server.url}/workspaces/{server.workspace().workspace_id}/connections/{CRM.id}"
    accounts = run.metadata[ACCOUNTS]
    assert accounts.pop("started_at") > 0
    assert accounts == {
        "job_id": 1,
        "rows_synced": 7,
        "stream_rows_synced": 3,
        "bytes_synced": 70,
        "attempts": 1,
        "job": f"{page}/job-history#1::0",
    }
    assert run.metadata[CONTACTS]["stream_rows_synced"] == 4
    assert server.count_starts() == 1


def test_selecting_one_stream_syncs_and_reports_the_whole_connection(server: Airbyte) -> None:
    run = Run(server, selection=[ACCOUNTS])
    assert run.result.success
    assert set(run.metadata) == {ACCOUNTS, CONTACTS}


def test_a_server_that_only_has_the_public_api_is_enough(server: Airbyte) -> None:
    server.emulator.absent = "^/api/v1/"
    run = Run(server)
    assert run.result.success
    assert run.metadata[ACCOUNTS]["rows_synced"] == 7
    assert "attempts" not in run.metadata[ACCOUNTS]


@pytest.mark.parametrize("status", ["queued", "pending", "running", "incomplete", "a future status"])
def test_a_job_that_has_not_ended_is_waited_for(server: Airbyte, status: str) -> None:
    body = f'{{"jobId": 1, "status": "{status}", "jobType": "sync"}}'
    server.faults = [Fault(200, "GET", JOB, times=3, body=body)]
    server.go.clear()
    when(server, lambda: server.count_requests("GET", JOB) > 3, server.go.set)
    run = Run(server)
    assert run.result.success
    assert not run.was_retried
    assert server.count_requests("DELETE", JOB) == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_an_outage_while_a_sync_runs_does_not_end_it(server: Airbyte, fault: int | str) -> None:
    server.faults = [Fault(fault, "GET", JOB, times=5 if fault != SLOW else 2)]
    server.go.clear()
    when(server, lambda: not server.faults[0].left, server.go.set)
    run = Run(server)
    assert run.result.success
    assert not run.was_retried
    assert (server.count_starts(), server.count_requests("DELETE", JOB)) == (1, 0)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_start_whose_answer_is_lost_is_found_and_not_sent_again(server: Airbyte, fault: int | str) -> None:
    server.faults = [Fault(fault, "POST", "/jobs", is_done=True)]
    run = Run(server)
    assert run.result.success
    assert not run.was_retried
    assert (server.count_starts(), len(server.jobs.list_all())) == (1, 1)
    assert run.metadata[ACCOUNTS]["job_id"] == 1


@pytest.mark.parametrize("fault", [503, RESET, GARBLED])
def test_a_start_that_was_not_carried_out_is_sent_again_after_a_search(
    server: Airbyte, fault: int | str
) -> None:
    server.faults = [Fault(fault, "POST", "/jobs")]
    run = Run(server)
    assert run.result.success
    assert not run.was_retried
    assert (server.count_starts(), len(server.jobs.list_all())) == (2, 1)
    between = [path for method, path, _ in server.requests if method == "GET" and path.endswith("/jobs")]
    assert len(between) >= 4


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_start_that_is_refused_is_sent_once_and_gives_the_reason(server: Airbyte, status: int) -> None:
    server.faults = [Fault(status, "POST", "/jobs", times=9, body='{"detail": "Not like this."}')]
    run = Run(server)
    assert not run.result.success
    assert f"status {status}: Not like this. Landed data is kept;" in run.error
    assert (server.count_starts(), run.was_retried) == (1, False)


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_poll_that_is_refused_ends_the_run_and_not_the_sync(server: Airbyte, status: int) -> None:
    server.faults = [Fault(status, "GET", JOB, times=9)]
    server.go.clear()
    run = Run(server)
    assert f"refused /api/public/v1/jobs/1 with status {status}" in run.error
    assert (server.count_requests("GET", JOB), run.was_retried, server.count_requests("DELETE", JOB)) == (
        1,
        False,
        0,
    )


def test_retry_after_of_a_busy_server_is_respected(server: Airbyte) -> None:
    server.faults = [Fault(429, "GET", JOB, headers={"Retry-After": "0.05"})]
    assert Run(server).result.success


def test_a_token_that_expires_is_renewed_once_and_a_wrong_secret_is_refused(server: Airbyte) -> None:
    server.token = server.about["token"] = "first"
    server.go.clear()

    def renew() -> None:
        server.token = server.about["token"] = "second"
        server.go.set()

    when(server, lambda: server.count_requests("GET", JOB) > 0, renew)
    login = {"client_id": "me", "client_secret": "s3cret"}
    assert Run(server, **login).result.success
    assert {token for _, path, token in server.requests if "token" not in path} == {
        "Bearer first",
        "Bearer second",
    }
    assert server.count_requests("POST", "/applications/token") == 2
    server.about["token"] = "third"
    run = Run(server, **login)
    assert "status 401" in run.error
    assert "Check AIRBYTE_CLIENT_ID" in run.error
    assert "s3cret" not in run.error
    assert not run.was_retried
    assert server.count_requests("POST", "/applications/token") == 4


def test_a_token_is_renewed_before_it_expires(server: Airbyte) -> None:
    server.token = server.about["token"] = "first"
    server.about["expires_in"] = 0.001
    assert Run(server, client_id="me", client_secret="s3cret").result.success
    assert server.count_requests("POST", "/applications/token") > 2


def test_a_password_is_sent_as_such_and_shown_nowhere(server: Airbyte) -> None:
    assert Run(server, username="me", password="s3cret").result.success
    assert {token for *_, token in server.requests} == {"Basic bWU6czNjcmV0"}
    server.faults = [Fault(400, "POST", "/jobs", body='{"message": "me:s3cret is wrong"}')]
    error = Run(server, username="me", password="s3cret").error
    assert "me:[redacted] is wrong" in error
    assert "s3cret" not in error


def test_a_redirect_is_refused_so_that_no_secret_is_sent_elsewhere(server: Airbyte) -> None:
    server.faults = [Fault(302, "POST", "/connections/get", headers={"Location": "http://127.0.0.1:1/"})]
    assert "Set AIRBYTE_URL to the redirect's target." in Run(server).error


def test_a_sync_that_is_already_running_is_joined_and_reported(server: Airbyte) -> None:
    server.go.clear()
    server.jobs.start(CRM.id)
    when(server, lambda: server.count_requests("GET", JOB) > 0, server.go.set)
    run = Run(server)
    assert run.result.success
    assert server.count_starts() == 0
    assert run.metadata[ACCOUNTS]["job_id"] == 1


def test_a_sync_that_begins_between_check_and_start_is_joined(server: Airbyte) -> None:
    server.go.clear()
    server.faults = [Fault(409, "POST", "/jobs", is_done=True)]
    when(server, lambda: server.count_requests("GET", JOB) > 0, server.go.set)
    run = Run(server)
    assert run.result.success
    assert (server.count_starts(), len(server.jobs.list_all())) == (1, 1)


def test_joining_can_be_turned_off(server: Airbyte) -> None:
    server.go.clear()
    server.jobs.start(CRM.id)
    run = Run(server, poll_previous_running_sync=False)
    assert "already syncs prod_crm (job 1)" in run.error
    assert server.count_starts() == 0


def test_a_failed_sync_gives_airbytes_reason_and_is_retried(server: Airbyte) -> None:
    server.failure = "The disk of the destination is full."
    run = Run(server)
    expected = "sync of prod_crm (job 2) failed: The disk of the destination is full. (in the destination)"
    assert expected in run.error
    assert "/job-history#2::0" in run.error
    assert run.was_retried
    assert not run.metadata


def test_a_failed_sync_without_a_reason_is_reported_as_such(server: Airbyte) -> None:
    server.failure = "x"
    server.emulator.absent = "/jobs/get$"
    assert "(job 2) failed: Airbyte gives no reason." in Run(server).error


def test_a_sync_that_fails_because_of_its_settings_is_not_retried(server: Airbyte) -> None:
    server.failure = "x"
    failure = '{"failureOrigin": "source", "failureType": "config_error", "externalMessage": "Wrong key."}'
    body = f'{{"attempts": [{{"attempt": {{"failureSummary": {{"failures": [{failure}]}}}}}}]}}'
    server.faults = [Fault(200, "POST", "/jobs/get", body=body)]
    run = Run(server)
    assert "failed: Wrong key. (in the source)." in run.error
    assert "correct the connection's settings" in run.error
    assert not run.was_retried


def test_a_sync_that_is_cancelled_in_airbyte_is_not_started_again(server: Airbyte) -> None:
    server.go.clear()
    when(
        server,
        lambda: server.count_requests("GET", JOB) > 0,
        lambda: server.jobs.cancel(server.jobs.list_all()[0]),
    )
    run = Run(server)
    assert "(job 1) was cancelled in Airbyte" in run.error
    assert (server.count_starts(), run.was_retried) == (1, False)


def test_a_paused_connection_is_skipped_with_a_note(server: Airbyte) -> None:
    server.replace(replace(CRM, status="inactive"))
    run = Run(server)
    assert run.result.success
    assert not run.metadata
    assert server.count_starts() == 0
    notes = [e.asset_observation_data.asset_observation for e in run.result.get_asset_observation_events()]
    assert {note.asset_key for note in notes} == {ACCOUNTS, CONTACTS}
    assert all("prod_crm is paused in Airbyte" in str(note.description) for note in notes)


def test_a_stream_that_airbyte_no_longer_syncs_is_not_reported_as_synced(server: Airbyte) -> None:
    server.replace(replace(CRM, unselected=("contacts",)))
    run = Run(server)
    assert run.result.success
    assert set(run.metadata) == {ACCOUNTS}


def test_a_sync_that_takes_too_long_keeps_running_and_the_error_gives_the_remedy(server: Airbyte) -> None:
    server.go.clear()
    run = Run(server, poll_timeout=0.1)
    assert "(job 1) has not ended after 0.1 s: running. It keeps running:" in run.error
    assert not run.was_retried
    assert server.count_requests("DELETE", JOB) == 0


def test_the_retry_policy_applies_to_a_server_that_is_down(server: Airbyte) -> None:
    server.faults = [Fault(503, times=99)]
    run = Run(server)
    assert "did not answer /api/v1/connections/get: status 503" in run.error
    assert run.was_retried
    assert server.count_starts() == 0


def test_a_run_is_tagged_with_its_connection(server: Airbyte) -> None:
    run = Run(server)
    stored = run.instance.get_run_by_id(run.result.run_id)
    assert stored is not None
    assert stored.tags[format_sync_tag(CRM.id)] == "prod_crm"
