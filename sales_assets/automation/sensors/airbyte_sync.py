"""Reports the syncs that Airbyte started on its own, and requests a rebuild of the dbt models downstream."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from sales_assets.automation.jobs import airbyte_marts_job
from sales_assets.settings import Settings
from sales_assets.sources.airbyte.api import AirbyteApi
from sales_assets.sources.airbyte.changes import AirbyteCursor
from sales_assets.sources.airbyte.discovery import list_selected_streams
from sales_assets.sources.airbyte.run_sync import format_sync_tag
from sales_assets.sources.airbyte.snapshot import Connection, Snapshot, read_snapshot
from sales_assets.sources.airbyte.sync_events import JOB_ID, build_sync_metadata
from sales_assets.sources.airbyte.sync_jobs import Job
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

JOBS_PER_TICK = 100
"""How many syncs a tick handles; after a long outage the next ticks handle the rest."""

_INTERVAL_SECONDS = 60
_MAX_CLOCK_DIFFERENCE = timedelta(days=1)
_PAGE_SIZE = 500

_DESCRIPTION = (
    "Reports each sync that Airbyte started on its own, once, and requests a rebuild of the marts; it "
    "looks every minute. If a tick fails, the next one reports what is missing; `make doctor` says what "
    "is wrong with Airbyte."
)

_SYNCING_STATUSES = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
"""A run in one of these may be waiting for a sync, which it will then report itself."""


def build_airbyte_sync_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of an environment; it is running by default where a real server is configured."""
    status = dg.DefaultSensorStatus.RUNNING if settings.has_airbyte_url else dg.DefaultSensorStatus.STOPPED
    snapshot = read_snapshot(settings.environment)

    @dg.sensor(
        job=airbyte_marts_job,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=status,
        description=_DESCRIPTION,
    )
    def airbyte_sync_sensor(
        context: dg.SensorEvaluationContext, airbyte: SalesAirbyteWorkspace
    ) -> dg.SensorResult:
        now = datetime.now(UTC)
        cursor = AirbyteCursor.from_json(context.cursor) if context.cursor else AirbyteCursor.initial(now)
        api, address = airbyte.get_client(), airbyte.address()
        jobs = cursor.new(api.list_succeeded_since(cursor.since), JOBS_PER_TICK)
        triage = SyncTriage(context.instance, api, snapshot, f"{address}/workspaces/{api.workspace_id}")
        triage.sort(jobs)
        handled = [job for job in jobs if job not in triage.waiting]
        next_cursor = cursor.advance(handled, triage.waiting).to_json()
        if not triage.requested:
            return dg.SensorResult(cursor=next_cursor, skip_reason=triage.format_skip_reason(jobs))
        ids = ",".join(str(job.id) for job in triage.requested)
        request = dg.RunRequest(run_key=f"airbyte jobs {ids}")
        return dg.SensorResult(run_requests=[request], asset_events=triage.events, cursor=next_cursor)

    return airbyte_sync_sensor


class SyncTriage:
    """Sorts finished syncs into those to report, those to wait for, and those to ignore.

    Dagster stores the events of a tick before its cursor, so a tick that died may have stored some of them.
    Therefore the instance is asked what was reported; the cursor does not remember it.

    Args:
        instance: Contains the reported materializations, and the runs in progress.
        api: The server.
        snapshot: The connections that are assets.
        page: URL of the workspace's page.

    Attributes:
        events: The materializations that were not reported yet.
        requested: The jobs that Airbyte started on its own.
        waiting: The jobs of connections that a run is syncing, because that run may be about to report them.
    """

    def __init__(self, instance: dg.DagsterInstance, api: AirbyteApi, snapshot: Snapshot, page: str):
        self.instance = instance
        self.api = api
        self.page = page
        self.connections = {connection.id: connection for connection in snapshot.connections}
        self.events: list[dg.AssetMaterialization] = []
        self.requested: list[Job] = []
        self.waiting: list[Job] = []

    def sort(self, jobs: Sequence[Job]) -> None:
        """Sort syncs; those of connections that are not in the snapshot are ignored."""
        for id_, connection in self.connections.items():
            jobs_of_connection = [job for job in jobs if job.connection_id == id_]
            if jobs_of_connection and self._is_syncing(connection):
                self.waiting += jobs_of_connection
            elif jobs_of_connection:
                self._report(connection, jobs_of_connection)
        self.requested.sort(key=lambda job: job.id)

    def format_skip_reason(self, jobs: Sequence[Job]) -> str:
        """Why the tick requests no run."""
        if self.waiting:
            return f"Waiting with {len(self.waiting)} sync(s): runs are syncing the same connections."
        return "Airbyte started no sync on its own." if jobs else "No new syncs."

    def _is_syncing(self, connection: Connection) -> bool:
        filters = dg.RunsFilter(
            tags={format_sync_tag(connection.id): connection.name}, statuses=_SYNCING_STATUSES
        )
        return bool(self.instance.get_run_records(filters, limit=1))

    def _report(self, connection: Connection, jobs: Sequence[Job]) -> None:
        """Add the events of a connection's syncs that were not reported yet."""
        selected = list_selected_streams(self.api.get_connection(connection.id))
        streams = [each for each in connection.streams if selected is None or each.name in selected]
        keys = [dg.AssetKey(list(connection.build_key(stream))) for stream in streams]
        first = min(job.started_at or job.updated_at or datetime.now(UTC) for job in jobs)
        runs = {key: dict(_list_reported(self.instance, key, first - _MAX_CLOCK_DIFFERENCE)) for key in keys}
        page = f"{self.page}/connections/{connection.id}"
        for job in jobs:
            missing = [key for key in keys if job.id not in runs[key]]
            metadata = build_sync_metadata(job, page)
            self.events += [dg.AssetMaterialization(key, metadata=metadata) for key in missing]
            # An event without a run id is this sensor's own: that tick may have died before its request.
            if missing or any(not runs[key][job.id] for key in keys):
                self.requested.append(job)


def _list_reported(
    instance: dg.DagsterInstance, key: dg.AssetKey, since: datetime
) -> Iterator[tuple[int, str]]:
    """The jobs that an asset's materializations since a time report, each with the run that reported it."""
    filters = dg.AssetRecordsFilter(asset_key=key, after_timestamp=since.timestamp())
    cursor, has_more = None, True
    while has_more:
        page = instance.fetch_materializations(filters, limit=_PAGE_SIZE, cursor=cursor)
        cursor, has_more = page.cursor, page.has_more
        for record in page.records:
            materialization = record.asset_materialization
            job_id = materialization.metadata.get(JOB_ID) if materialization else None
            if job_id is not None:
                yield int(str(job_id.value)), record.run_id
