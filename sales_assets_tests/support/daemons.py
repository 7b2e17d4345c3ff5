"""Dagster's own daemons, iterated one by one, with the run launcher of an instance, and a code server.

The instance belongs to who starts them: `kubernetes_instance.py`, `ray_backfill.py`.
"""

import logging
import os
import re
import signal
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import dagster as dg
import yaml
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.daemon import MonitoringDaemon
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets_tests.support.python_process import PythonProcess

_LOG = logging.getLogger("daemons")
_STARTED = re.compile("Started Dagster code server")


class Daemons:
    """The daemons that launch, watch and retry runs."""

    def __init__(self, instance: dg.DagsterInstance, workspace: WorkspaceProcessContext):
        self.instance = instance
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        self._workspace = workspace
        self._queue = QueuedRunCoordinatorDaemon(interval_seconds=5)
        self._monitoring = MonitoringDaemon(interval_seconds=30)
        self._retries = EventLogConsumerDaemon()
        self.retry()  # it ignores what was before its first look

    def backfill(self, days: Sequence[str], tags: Mapping[str, str] | None = None) -> list[dg.DagsterRun]:
        """Request `raw_orders` for days as the UI does, have it planned, and launch what the queue admits."""
        id_ = uuid4().hex[:8]
        request = PartitionBackfill.from_asset_partitions(
            backfill_id=id_,
            asset_graph=self._workspace.create_request_context().asset_graph,
            partition_names=list(days),
            asset_selection=[RAW_ORDERS_KEY],
            backfill_timestamp=datetime.now(UTC).timestamp(),
            tags=dict(tags or {}),
            dynamic_partitions_store=self.instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
        self.instance.add_backfill(request)
        _finish(execute_backfill_iteration(self._workspace, _LOG))
        self.launch()
        return self.runs_of(id_)

    def runs_of(self, backfill: str) -> list[dg.DagsterRun]:
        """The runs of a backfill, in the order of their days."""
        runs = self.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill}))
        return sorted(runs, key=lambda run: run.tags.get("dagster/asset_partition_range_start", ""))

    def launch(self) -> None:
        """Take from the queue what may run now."""
        _finish(self._queue.run_iteration(self._workspace))

    def watch(self) -> None:
        """Look after pods of runs that are on their way."""
        _finish(self._monitoring.run_iteration(self._workspace))

    def retry(self) -> None:
        """Queue a new run for each that crashed."""
        _finish(self._retries.run_iteration(self._workspace))

    def read(self, run: dg.DagsterRun) -> dg.DagsterRun:
        """A run as it is now."""
        found = self.instance.get_run_by_id(run.run_id)
        assert found is not None
        return found

    def retry_of(self, run: dg.DagsterRun) -> dg.DagsterRun:
        """The run that was queued for a crashed one."""
        [found] = self.instance.get_runs(dg.RunsFilter(tags={"dagster/parent_run_id": run.run_id}))
        return found

    def read_failure(self, run: dg.DagsterRun) -> str:
        """What the run says of its failure."""
        events = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        return "\n".join(str(event.message) for event in events)


def _finish(iteration: Any) -> None:
    errors = [error for error in iteration if error]
    assert not errors, errors


@contextmanager
def running_code_server(
    home: Path, variables: Mapping[str, str], module: str = "sales_assets.definitions"
) -> Iterator[Path]:
    """Serve a code location until the end of the block; yields the workspace file that names it."""
    socket = home / "code.sock"
    arguments = ["-m", "dagster", "api", "grpc", "--socket", str(socket), "-m", module]
    server = PythonProcess(*arguments, environment=variables)
    workspace = home / "workspace.yaml"
    origin = {"host": "localhost", "socket": str(socket), "location_name": "sales_assets"}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": origin}]}))
    with server.serving(_STARTED, signal.SIGKILL):
        yield workspace


@contextmanager
def running_daemons(home: Path, workspace: Path, password: str = "") -> Iterator[Daemons]:
    """The daemons of an instance, until the end of the block.

    Args:
        home: Has the instance's `dagster.yaml`.
        workspace: The workspace file.
        password: That of the chart's PostgreSQL, if it is that. Pods have it from their secret or not at all:
            it is gone when one starts.
    """
    with patch.dict(os.environ, {"DAGSTER_PG_PASSWORD": password}):
        instance = dg.DagsterInstance.from_config(str(home))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dagster's, of its own deprecated parts
        target = WorkspaceProcessContext(instance, WorkspaceFileTarget([str(workspace)]))
    with instance, target as context:
        yield Daemons(instance, context)
