"""Dagster's own web server and what belongs to it, as processes, and what a person does with it by GraphQL.

What is launched and measured belongs to the benchmark that uses it.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from bench.processes import list_alive, measure_processor_time
from sales_assets.catalog.names import DAILY_JOB
from sales_assets.settings import ROOT

_INSTANCE = """telemetry: {{enabled: false}}
run_coordinator:
  module: dagster._core.run_coordinator.default_run_coordinator
  class: DefaultRunCoordinator
event_log_storage:
  module: sales_assets.private_apis.event_log
  class: BatchingSqliteEventLogStorage
  config: {{base_dir: "{home}/history/runs"}}
"""
"""Runs start at once, without a daemon."""

_PAUSE_SECONDS = 0.05
_PATIENCE_SECONDS = 300.0
_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_LAUNCH = """mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_ASSETS = """query ($job: PipelineSelector) { assetNodes(pipeline: $job) { assetKey { path } isMaterializable
    assetChecksOrError { ... on AssetChecks { checks { name jobNames assetKey { path } } } } } }"""
_TERMINATE = """mutation ($run: String!, $how: TerminateRunPolicy!) {
    terminateRun(runId: $run, terminatePolicy: $how) {
    __typename ... on TerminateRunFailure { message } } }"""
_STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
_EVENTS = """query ($run: ID!, $after: String) { logsForRun(runId: $run, afterCursor: $after, limit: 1000) {
    ... on EventConnection { cursor hasMore events { ... on MessageEvent { eventType timestamp }
    ... on MaterializationEvent { assetKey { path } } } } } }"""
_MESSAGES = """query ($run: ID!) { logsForRun(runId: $run, limit: 1000) { ... on EventConnection {
    events { ... on MessageEvent { message } } } } }"""
_LOADED = (
    "{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError { __typename } } } } }"
)


class DagsterServer:
    """A running web server.

    Args:
        processes: Its process and others that belong to it, such as the daemon.
        port: Where it serves GraphQL, on this machine.
        location: The name of its code location.
    """

    def __init__(self, processes: "Sequence[subprocess.Popen[bytes]]", port: int, location: str):
        self._processes, self._location = processes, location
        self._url = f"http://127.0.0.1:{port}/graphql"

    def select(self, job: str = DAILY_JOB, *, checks: bool = False) -> dict[str, Any]:
        """Select a job with all its assets, as the catalog does, with its checks of them or without."""
        where = {"repositoryLocationName": self._location, "repositoryName": "__repository__"}
        nodes = self.ask(_ASSETS, job={**where, "pipelineName": job})["assetNodes"]
        possible = [check for node in nodes for check in node["assetChecksOrError"].get("checks", [])]
        selected = [check for check in possible if checks and job in check["jobNames"]]
        return {
            **where,
            "jobName": job,
            "assetSelection": [node["assetKey"] for node in nodes if node["isMaterializable"]],
            "assetCheckSelection": [{key: check[key] for key in ("name", "assetKey")} for check in selected],
        }

    def launch(self, selection: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """Launch what was selected, with tags such as those of a day; returns the run's id."""
        metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
        params = {"selector": selection, "runConfigData": "{}", "executionMetadata": metadata}
        answer = self.ask(_LAUNCH, params=params)["launchRun"]
        if "run" not in answer:
            raise RuntimeError(str(answer))
        return str(answer["run"]["runId"])

    def terminate(self, run: str) -> bool:
        """Ask for the end of a run, as the button in the catalog does; returns whether force was needed.

        Dagster refuses it while the run's process starts; then a person chooses to force it.
        """
        for how in ("SAFE_TERMINATE", "MARK_AS_CANCELED_IMMEDIATELY"):
            if "message" not in self.ask(_TERMINATE, run=run, how=how)["terminateRun"]:
                return how != "SAFE_TERMINATE"
        return False

    def read_status(self, run: str) -> str:
        """The status of a run."""
        return str(self.ask(_STATUS, run=run)["runOrError"]["status"])

    def read_last_message(self, run: str) -> str:
        """What the run said last."""
        messages = [each["message"] for each in self.ask(_MESSAGES, run=run)["logsForRun"]["events"] if each]
        return messages[-1] if messages else "nothing"

    def read_events(self, run: str) -> Iterator[dict[str, Any]]:
        """The events of a run: each with its type, seconds since 1970, and the asset of a materialization."""
        after, has_more = None, True
        while has_more:
            page = self.ask(_EVENTS, run=run, after=after)["logsForRun"]
            yield from (each | {"timestamp": int(each["timestamp"]) / 1000} for each in page["events"])
            after, has_more = page["cursor"], page["hasMore"]

    def wait_for_end(
        self, run: str, seconds: float = _PATIENCE_SECONDS, pause: float = _PAUSE_SECONDS
    ) -> None:
        """Wait until a run has ended, but no longer than some seconds; look after each pause."""
        self.wait_until(lambda: self.read_status(run) in _ENDED, seconds, pause)

    def wait_until(
        self, is_so: Callable[[], bool], seconds: float = _PATIENCE_SECONDS, pause: float = _PAUSE_SECONDS
    ) -> None:
        """Wait until something is so, but no longer than some seconds."""
        end = time.monotonic() + seconds
        while not is_so() and time.monotonic() < end and self._are_running():
            time.sleep(pause)

    def is_loaded(self) -> bool:
        """Whether the code location is loaded."""
        try:
            entries = self.ask(_LOADED)["workspaceOrError"]["locationEntries"]
        except requests.ConnectionError:
            return False
        return [each["locationOrLoadError"]["__typename"] for each in entries] == ["RepositoryLocation"]

    def list_processes(self) -> set[int]:
        """The processes that descend from the server and are alive."""
        return list_alive({each.pid for each in self._processes})

    def measure_processor_time(self) -> float:
        """Seconds of processor time of all its processes so far, of ended ones too."""
        return measure_processor_time({each.pid for each in self._processes})

    def _are_running(self) -> bool:
        return all(each.poll() is None for each in self._processes)

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """Ask the web server, with variables; returns the answer's data."""
        body = {"query": query, "variables": variables}
        answer = requests.post(self._url, json=body, timeout=_PATIENCE_SECONDS).json()
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"]))
        return dict(answer["data"])


@contextmanager
def running_server(module: str, home: Path, variables: Mapping[str, str]) -> Iterator[DagsterServer]:
    """Run a web server until the end of the block; yields it when the code location is loaded.

    Args:
        module: That of the code location.
        home: A folder for Dagster's records and the server's log.
        variables: The environment, beside this process's.
    """
    (home / "dagster.yaml").write_text(_INSTANCE.format(home=home))
    port = find_port()
    command = [sys.executable, "-W", "ignore", "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "DAGSTER_HOME": os.fspath(home), "PYTHONPATH": os.fspath(ROOT), **variables}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - Dagster's own command
            [*command, "-m", module, "-d", os.fspath(ROOT)], env=environment, stdout=log, stderr=log
        )
    server = DagsterServer([process], port, module)
    try:
        server.wait_until(server.is_loaded)
        yield server
    finally:
        process.terminate()
        process.wait()


def find_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
