"""Reports the syncs that Airbyte ran by itself, and has the dbt models downstream of them rebuilt."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from sales_assets.automation.jobs import airbyte_marts_job
from sales_assets.settings import Settings
from sales_assets.sources.airbyte.api import AirbyteApi
from sales_assets.sources.airbyte.changes import Followed
from sales_assets.sources.airbyte.discovery import selected_streams
from sales_assets.sources.airbyte.run_sync import JOB_ID, job_metadata, syncing_tag
from sales_assets.sources.airbyte.snapshot import Connection, Snapshot, read
from sales_assets.sources.airbyte.sync_jobs import Job
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

INTERVAL_SECONDS = 60
JOBS_PER_TICK = 100
"""How many syncs a tick reports; after a long outage the next ticks go on."""

_CLOCKS_DIFFER = timedelta(days=1)
_PAGE = 500
_UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]

Reported = Mapping[int, str]
"""The jobs that an asset was reported of, and by which run; the run is empty for those of this sensor."""


def build_airbyte_sync_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor of an environment; it runs by itself where a real server is configured."""
    status = dg.DefaultSensorStatus.RUNNING if settings.has_airbyte_url else dg.DefaultSensorStatus.STOPPED
    snapshot = read(settings.environment)

    @dg.sensor(job=airbyte_marts_job, minimum_interval_seconds=INTERVAL_SECONDS, default_status=status)
    def airbyte_sync_sensor(
        context: dg.SensorEvaluationContext, airbyte: SalesAirbyteWorkspace
    ) -> dg.SensorResult:
        """Reports each sync that Airbyte ran by itself once, and requests what dbt makes of it."""
        before = Followed.parsed(context.cursor) if context.cursor else Followed.first(datetime.now(UTC))
        api, address = airbyte.get_client(), airbyte.address()
        new = before.new(api.succeeded_since(before.since), JOBS_PER_TICK)
        look = Look(context.instance, api, snapshot, f"{address}/workspaces/{api.workspace_id}")
        look.take(new)
        cursor = before.after([job for job in new if job not in look.waiting], look.waiting).text()
        if not look.requested:
            return dg.SensorResult(cursor=cursor, skip_reason=look.summary(new))
        ids = ",".join(str(job.id) for job in look.requested)
        request = dg.RunRequest(run_key=f"airbyte jobs {ids}")
        return dg.SensorResult(run_requests=[request], asset_events=look.events, cursor=cursor)

    return airbyte_sync_sensor


class Look:
    """What is to be done about some syncs.

    Dagster stores the events of a tick before its cursor, so a tick that died may have stored some of them:
    what was reported is looked up, not remembered.

    Args:
        instance: What was reported, and which runs are under way.
        api: The server.
        snapshot: The connections that are assets.
        page: The workspace's page.

    Attributes:
        events: The materializations that were not reported yet.
        requested: The jobs that Airbyte ran by itself.
        waiting: The jobs of connections that a run of ours is syncing: it may be going to report them.
    """

    def __init__(self, instance: dg.DagsterInstance, api: AirbyteApi, snapshot: Snapshot, page: str):
        self.instance = instance
        self.api = api
        self.page = page
        self.connections = {connection.id: connection for connection in snapshot.connections}
        self.events: list[dg.AssetMaterialization] = []
        self.requested: list[Job] = []
        self.waiting: list[Job] = []

    def take(self, jobs: Sequence[Job]) -> None:
        """Sort syncs into those to report, those to wait for, and those that are nothing to us."""
        for id_, connection in self.connections.items():
            own = [job for job in jobs if job.connection_id == id_]
            if own and self._is_syncing(connection):
                self.waiting += own
            elif own:
                self._report(connection, own)
        self.requested.sort(key=lambda job: job.id)

    def summary(self, new: Sequence[Job]) -> str:
        """Why nothing was requested."""
        if self.waiting:
            return f"{len(self.waiting)} sync(s) wait for the runs that are syncing the same connections."
        return "No sync that Airbyte ran by itself." if new else "No new sync."

    def _is_syncing(self, connection: Connection) -> bool:
        tags = {syncing_tag(connection.id): connection.name}
        return bool(self.instance.get_run_records(dg.RunsFilter(tags=tags, statuses=_UNDER_WAY), limit=1))

    def _report(self, connection: Connection, jobs: Sequence[Job]) -> None:
        """Report the syncs of a connection, as far as that was not done."""
        selected = selected_streams(self.api.connection(connection.id))
        streams = [each for each in connection.streams if selected is None or each.name in selected]
        keys = [dg.AssetKey(list(connection.key_of(stream))) for stream in streams]
        since = min((job.started_at or job.updated_at or datetime.now(UTC)) for job in jobs) - _CLOCKS_DIFFER
        reported = {key: dict(_reported(self.instance, key, since)) for key in keys}
        page = f"{self.page}/connections/{connection.id}"
        for job in jobs:
            missing = [key for key in keys if job.id not in reported[key]]
            self.events += [dg.AssetMaterialization(key, metadata=job_metadata(job, page)) for key in missing]
            if missing or any(not reported[key][job.id] for key in keys):
                self.requested.append(job)


def _reported(instance: dg.DagsterInstance, key: dg.AssetKey, since: datetime) -> Iterator[tuple[int, str]]:
    """The jobs that an asset's materializations since an instant tell of, with the run that reported each."""
    wanted = dg.AssetRecordsFilter(asset_key=key, after_timestamp=since.timestamp())
    cursor, has_more = None, True
    while has_more:
        found = instance.fetch_materializations(wanted, limit=_PAGE, cursor=cursor)
        cursor, has_more = found.cursor, found.has_more
        for record in found.records:
            told = record.asset_materialization.metadata.get(JOB_ID) if record.asset_materialization else None
            if told is not None:
                yield int(str(told.value)), record.run_id
