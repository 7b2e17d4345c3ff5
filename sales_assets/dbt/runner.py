"""Runs dbt in the step's own process, with the manifest that is already parsed.

A separate dbt process would import dbt once more and parse the project again: six seconds for one second of
work. `dbt_assets.py` builds the command and turns the results into Dagster's events.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

from sales_assets.private_apis.dbt_runner import close_duckdb, load_manifest
from sales_assets.redaction import redact_error

_RESULT_EVENTS = ("LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult")
_LOGGED_LEVELS = ("info", "warn", "error")
_QUIET = ("--log-level", "none", "--log-level-file", "none")
"""dbt's own log would have the values that ours has not."""


class DbtFailedError(Exception):
    """dbt failed; a retry may succeed."""


def run_dbt(command: Sequence[str], parsed: Path) -> Iterator[dict[str, Any]]:
    """Run a dbt command, and write its log to the standard output.

    dbt runs in a thread. A caller that stops early still waits for the thread to end, so that no unobserved
    writer is left on the warehouse.

    Args:
        command: dbt's arguments.
        parsed: The `partial_parse.msgpack` of a parsed project.

    Yields:
        The result of each model and test as soon as it is there, in the form of dbt's structured log.

    Raises:
        DbtFailedError: A model, a test or dbt itself failed; names them.
    """
    events: SimpleQueue[EventMsg | dbtRunnerResult] = SimpleQueue()
    runner = dbtRunner(manifest=load_manifest(parsed), callbacks=[events.put])
    thread = Thread(target=lambda: events.put(runner.invoke([*command, *_QUIET])), name="dbt")
    thread.start()
    try:
        while not isinstance(event := events.get(), dbtRunnerResult):
            info: Any = event.info
            if info.level in _LOGGED_LEVELS:
                sys.stdout.write(f"{redact_error(info.msg)}\n")
            if info.name in _RESULT_EVENTS:
                yield msg_to_dict(event)
    finally:
        thread.join()
        close_duckdb()
        _redact_results(Path(command[command.index("--target-path") + 1]) / "run_results.json")
    if not event.success:
        raise DbtFailedError(_format_failure(event))


def _format_failure(outcome: dbtRunnerResult) -> str:
    if outcome.exception is not None:
        reason = redact_error(str(outcome.exception))
    else:
        nodes = [node for node in getattr(outcome.result, "results", []) if node.status in ("error", "fail")]
        reason = "; ".join(
            f"{node.node.name}: {' '.join(redact_error(str(node.message)).split())}" for node in nodes
        )
    return f"dbt failed: {reason}. Models built before the failure are stored. Run again when it is fixed."


def _redact_results(artifact: Path) -> None:
    """Take the values out of the messages of dbt's `run_results.json`, if there is one."""
    if not artifact.exists():
        return
    results = json.loads(artifact.read_text())
    for result in results["results"]:
        result["message"] = result["message"] and redact_error(result["message"])
    scratch = artifact.with_suffix(".scratch")
    scratch.write_text(json.dumps(results))
    scratch.replace(artifact)
