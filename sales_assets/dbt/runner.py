"""Runs dbt in the step's own process, with the manifest that is already parsed.

A separate dbt process would import dbt once more and parse the project again: six seconds for one second of
work. `dbt_assets.py` builds the command and turns the results into Dagster's events.
"""

import atexit
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from sales_assets.dbt.artifacts import explain_disk_error, redact_results
from sales_assets.dbt.failures import DbtFailedError, NodeResult
from sales_assets.errors import RefusedError
from sales_assets.private_apis.dbt_library import (
    CompilationError,
    EventMsg,
    dbtRunner,
    dbtRunnerResult,
    msg_to_dict,
)
from sales_assets.private_apis.dbt_runner import cancel_queries, close_duckdb, keep_unwritten, load_manifest
from sales_assets.private_apis.dbt_shortcuts import take_shortcuts
from sales_assets.private_apis.interruptions import pass_on_interruptions
from sales_assets.redaction import redact_error

_RESULT_EVENTS = ("LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult")
_LOGGED_LEVELS = ("info", "warn", "error")
_NO_LOG = ("--log-level", "none", "--log-level-file", "none")
"""dbt's own log would have the values that ours has not."""


_STOP_SECONDS = 5.0
"""A terminated run is to have ended within ten, and its process needs some to leave the interpreter."""

_STOP_PAUSE_SECONDS = 0.1
_START_OF_NODE = "LogStartLine"
_COMPILATION_ERROR = "Compilation Error"
_LOG_OF_MACRO, _REPORT = "JinjaLogDebug", "report_build: "
HEARD = frozenset({_LOG_OF_MACRO})
"""The debug events that are read."""


_KEPT: dict[tuple[Path, int], Any] = {}
"""Loaded manifests by the file and its time. dbt changes a manifest, so each is used once in a process."""


def keep_manifest(parsed: Path) -> None:
    """Load the manifest for the next dbt command of this process, or of each that is forked from it.

    Args:
        parsed: The `partial_parse.msgpack` of a parsed project.
    """
    _KEPT[parsed, parsed.stat().st_mtime_ns] = load_manifest(parsed)


def _take_manifest(parsed: Path) -> Any:
    return _KEPT.pop((parsed, parsed.stat().st_mtime_ns), None) or load_manifest(parsed)


class DbtStoppedError(Exception):
    """A model or test was not started, because dbt is to end."""


class _DbtThread(Thread):
    """dbt, in a thread of its own that does not keep the process from ending.

    Attributes:
        events: What dbt reports, the outcome last.
    """

    def __init__(self, command: Sequence[str], parsed: Path):
        super().__init__(name="dbt", daemon=True)
        self._deadline: float | None = None
        self.events: SimpleQueue[EventMsg | dbtRunnerResult] = SimpleQueue()
        self._command = [*command, *_NO_LOG]
        take_shortcuts(HEARD)
        manifest = _take_manifest(parsed)
        if command[0] == "build":
            keep_unwritten(manifest)
        self._runner = dbtRunner(manifest=manifest, callbacks=[self._receive])
        self._is_stopping = Event()

    def run(self) -> None:
        atexit.register(self.stop)  # an interrupted run may end without closing its generators
        try:
            self.events.put(self._runner.invoke(self._command))
        finally:
            atexit.unregister(self.stop)

    def stop(self) -> None:
        """Cancel dbt's queries and start no more models, until it has ended, for five seconds in all.

        It is cancelled again and again, because a model may have been between two queries.
        """
        self._is_stopping.set()
        self._deadline = self._deadline or time.monotonic() + _STOP_SECONDS
        while self.is_alive() and time.monotonic() < self._deadline:
            cancel_queries()
            self.join(_STOP_PAUSE_SECONDS)

    def _receive(self, event: EventMsg) -> None:
        self.events.put(event)
        # An error here fails the model that is about to start. At another event it would be lost in one of
        # dbt's threads, and dbt would wait for ever.
        if self._is_stopping.is_set() and event.info.name == _START_OF_NODE:
            message = "dbt was stopped"
            raise DbtStoppedError(message)


def run_quietly(command: Sequence[str]) -> dbtRunnerResult:
    """Run a dbt command that opens no warehouse, without a log, and return its outcome."""
    return dbtRunner().invoke([*command, *_NO_LOG])


def run_dbt(command: Sequence[str], parsed: Path, artifacts: Path) -> Iterator[dict[str, Any]]:
    """Run a dbt command, and write its log to the standard output.

    If the caller stops early, or the process is asked to end, dbt is stopped, so that no unobserved writer is
    left on the warehouse.

    Args:
        command: dbt's arguments.
        parsed: The `partial_parse.msgpack` of a parsed project.
        artifacts: The folder that the command names as dbt's target path.

    Yields:
        The result of each model and test as soon as it is there, in the form of dbt's structured log. That of
        a table has `report`: what the macro `report_build` says of it.

    Raises:
        ArtifactsDiskError: The disk of its artifacts is full or read-only; what was built is stored.
        DbtFailedError: A model, a test or dbt itself failed; names them.
        RefusedError: A model does not compile, so that a retry would end the same way; names it.
        KeyboardInterrupt: The process was asked to end.
    """
    dbt = _DbtThread(command, parsed)
    reports: dict[str, Any] = {}
    with pass_on_interruptions(dbt.stop):
        try:
            dbt.start()
            while not isinstance(event := dbt.events.get(), dbtRunnerResult):
                info: Any = event.info
                if info.level in _LOGGED_LEVELS:
                    sys.stdout.write(f"{redact_error(info.msg)}\n")
                if info.name == _LOG_OF_MACRO and info.msg.startswith(_REPORT):
                    report = json.loads(info.msg.removeprefix(_REPORT))
                    reports[report["model"]] = report
                if info.name in _RESULT_EVENTS:
                    result = msg_to_dict(event)
                    yield {**result, "report": reports.pop(result["data"]["node_info"]["unique_id"], None)}
        finally:
            dbt.stop()
            close_duckdb()
            fault = redact_results(artifacts / "run_results.json")
        if fault := explain_disk_error(event.exception, artifacts) or fault:
            raise fault
        if not event.success:
            raise build_failure(event)


def _read_nodes(outcome: dbtRunnerResult) -> list[NodeResult]:
    results: list[Any] = list(getattr(outcome.result, "results", []))
    return [NodeResult(each.node.unique_id, str(each.status), str(each.message or "")) for each in results]


def build_failure(outcome: dbtRunnerResult) -> DbtFailedError | RefusedError:
    """Build the error of a dbt command that failed: a refusal if only the project can be the cause.

    Args:
        outcome: What dbt returned.
    """
    if outcome.exception is not None:
        reasons = [redact_error(str(outcome.exception))]
        is_refused = isinstance(outcome.exception, CompilationError)
    else:
        nodes = [node for node in getattr(outcome.result, "results", []) if node.status in ("error", "fail")]
        messages = [" ".join(redact_error(str(node.message)).split()) for node in nodes]
        reasons = [f"{node.node.name}: {text}" for node, text in zip(nodes, messages, strict=True)]
        is_refused = any(text.startswith(_COMPILATION_ERROR) for text in messages)
    message = f"dbt failed: {'; '.join(reasons)}. Models built before the failure are stored. "
    if is_refused:
        return RefusedError(f"{message}Correct the model, its YAML or the run's options.")
    return DbtFailedError(f"{message}Run again when it is fixed.", _read_nodes(outcome))
