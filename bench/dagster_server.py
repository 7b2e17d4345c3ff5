"""Dagster's own web server with a code server, as a process, and what a person does with it by GraphQL.

What is launched and measured belongs to the benchmark that uses it.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from sales_assets.catalog.names import DAILY_JOB
from sales_assets.operations.repair.gaps import range_tags
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

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 300.0
_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_LAUNCH = """mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_ASSETS = "query ($job: PipelineSelector) { assetNodes(pipeline: $job) { assetKey { path } } }"
_TERMINATE = """mutation ($run: String!, $how: TerminateRunPolicy!) {
    terminateRun(runId: $run, terminatePolicy: $how) {
    __typename ... on TerminateRunFailure { message } } }"""
_STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
_MESSAGES = """query ($run: ID!) { logsForRun(runId: $run, limit: 1000) { ... on EventConnection {
    events { ... on MessageEvent { message } } } } }"""
_LOADED = (
    "{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError { __typename } } } } }"
)


class DagsterServer:
    """A running web server.

    Args:
        process: Its process.
        url: Where it serves GraphQL.
        module: That of its code location.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, module: str):
        self._process, self._url, self._module = process, url, module

    def launch(self, first: str, last: str) -> str:
        """Launch the daily job for a range of days, without its checks; returns the run's id."""
        tags = [{"key": key, "value": value} for key, value in range_tags(first, last).items()]
        job = {"repositoryLocationName": self._module, "repositoryName": "__repository__"}
        nodes = self._ask(_ASSETS, job={**job, "pipelineName": DAILY_JOB})["assetNodes"]
        assets = [{"path": node["assetKey"]["path"]} for node in nodes]
        selector = {**job, "jobName": DAILY_JOB, "assetSelection": assets, "assetCheckSelection": []}
        params = {"selector": selector, "runConfigData": "{}", "executionMetadata": {"tags": tags}}
        answer = self._ask(_LAUNCH, params=params)["launchRun"]
        if "run" not in answer:
            raise RuntimeError(str(answer))
        return str(answer["run"]["runId"])

    def terminate(self, run: str) -> bool:
        """Ask for the end of a run, as the button in the catalog does; returns whether force was needed.

        Dagster refuses it while the run's process starts; then a person chooses to force it.
        """
        for how in ("SAFE_TERMINATE", "MARK_AS_CANCELED_IMMEDIATELY"):
            if "message" not in self._ask(_TERMINATE, run=run, how=how)["terminateRun"]:
                return how != "SAFE_TERMINATE"
        return False

    def read_status(self, run: str) -> str:
        """The status of a run."""
        return str(self._ask(_STATUS, run=run)["runOrError"]["status"])

    def read_last_message(self, run: str) -> str:
        """What the run said last."""
        messages = [each["message"] for each in self._ask(_MESSAGES, run=run)["logsForRun"]["events"] if each]
        return messages[-1] if messages else "nothing"

    def wait_for_end(self, run: str, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until a run has ended, but no longer than some seconds."""
        self.wait_until(lambda: self.read_status(run) in _ENDED, seconds)

    def wait_until(self, is_so: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until something is so, but no longer than some seconds."""
        end = time.monotonic() + seconds
        while not is_so() and time.monotonic() < end and self._process.poll() is None:
            time.sleep(_POLL_SECONDS)

    def is_loaded(self) -> bool:
        """Whether the code location is loaded."""
        try:
            entries = self._ask(_LOADED)["workspaceOrError"]["locationEntries"]
        except requests.ConnectionError:
            return False
        return [each["locationOrLoadError"]["__typename"] for each in entries] == ["RepositoryLocation"]

    def list_processes(self) -> set[int]:
        """The processes that descend from the server and are alive."""
        parents = dict(_read_parents())
        found = {self._process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def dump_threads(self, processes: set[int]) -> None:
        """Have processes of the location write to the log what they do, if they can already."""
        for pid in processes:
            caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
            if caught and int(caught[1], 16) >> (signal.SIGUSR2 - 1) & 1:
                os.kill(pid, signal.SIGUSR2)

    def _ask(self, query: str, **variables: object) -> dict[str, Any]:
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
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "DAGSTER_HOME": os.fspath(home), "PYTHONPATH": os.fspath(ROOT), **variables}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - Dagster's own command
            [*command, "-m", module, "-d", os.fspath(ROOT)], env=environment, stdout=log, stderr=log
        )
    server = DagsterServer(process, f"http://127.0.0.1:{port}/graphql", module)
    try:
        server.wait_until(server.is_loaded)
        yield server
    finally:
        process.terminate()
        process.wait()


def _read_parents() -> Iterator[tuple[int, int]]:
    """Every process that is no zombie, with its parent."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            yield int(stat.parent.name), int(parent)
