"""Runs dbt within the step's own process, with the manifest that is parsed already.

A dbt process of its own would import dbt once more and parse the project anew: six seconds for one of
work. What is run, and what becomes of its events in Dagster, belongs to `assets.py`.
"""

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

_RESULTS = ("LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult")
_SHOWN = ("info", "warn", "error")


class DbtFailedError(Exception):
    """dbt could not do what it was asked; it may by itself at the next try."""


def run_dbt(command: Sequence[str], parsed: Path) -> Iterator[dict[str, Any]]:
    """Run a dbt command, and pass its log on to the standard output.

    dbt works in a thread, and whoever stops early waits for its end: the warehouse must not be left to
    a writer that nobody watches.

    Args:
        command: dbt's arguments.
        parsed: The `partial_parse.msgpack` of a parsed project.

    Yields:
        The result of each model and test when it has one, as dbt's structured log has it.

    Raises:
        DbtFailedError: A model, a test or dbt itself failed; names them.
    """
    events: SimpleQueue[EventMsg | dbtRunnerResult] = SimpleQueue()
    runner = dbtRunner(manifest=load_manifest(parsed), callbacks=[events.put])
    thread = Thread(target=lambda: events.put(runner.invoke([*command, "--log-level", "none"])), name="dbt")
    thread.start()
    try:
        while not isinstance(event := events.get(), dbtRunnerResult):
            info: Any = event.info
            if info.level in _SHOWN:
                sys.stdout.write(f"{info.msg}\n")
            if info.name in _RESULTS:
                yield msg_to_dict(event)
    finally:
        thread.join()
        close_duckdb()
    if not event.success:
        raise DbtFailedError(_reasons(event))


def _reasons(outcome: dbtRunnerResult) -> str:
    if outcome.exception is not None:
        return f"dbt failed: {outcome.exception}"
    nodes = [node for node in getattr(outcome.result, "results", []) if node.status in ("error", "fail")]
    reasons = (f"{node.node.name}: {' '.join(str(node.message).split())}" for node in nodes)
    return f"dbt failed: {'; '.join(reasons)}"
