"""What a sync reports to Dagster: each stream with its numbers and links, or why there is none.

How a sync is run belongs to `syncing.py`; the syncs that Airbyte started by itself are reported by
`sensors/airbyte_sync.py` with the same metadata.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from sales_assets.errors import RefusedError
from sales_assets.private_apis.instance import tag_run
from sales_assets.sources.airbyte.api import AirbyteApi
from sales_assets.sources.airbyte.discovery import is_paused, selected_streams
from sales_assets.sources.airbyte.failures import (
    AirbyteRefusedError,
    AirbyteUnavailableError,
    RunCancelledError,
    SyncFailedError,
)
from sales_assets.sources.airbyte.sync import Patience, Sync
from sales_assets.sources.airbyte.sync_jobs import CANCELLED, SUCCEEDED, Attempts, Job

CONNECTION_ID = "dagster-airbyte/connection_id"
CONNECTION_NAME = "dagster-airbyte/connection_name"
STREAM = "airbyte/stream"
"""Metadata of an asset: its connection, under dagster-airbyte's names, and its stream."""

JOB_ID = "job_id"
"""Metadata of a materialization: the sync that it tells of."""

SyncEvent = dg.MaterializeResult[Any] | dg.AssetMaterialization | dg.AssetObservation


@dataclass(frozen=True)
class Synced:
    """The connection that an asset definition stands for.

    Attributes:
        id: Airbyte's id of it.
        name: In Airbyte.
        streams: The name of the stream that each asset is.
    """

    id: str
    name: str
    streams: Mapping[dg.AssetKey, str]

    @classmethod
    def of(cls, specs: Mapping[dg.AssetKey, dg.AssetSpec]) -> "Synced":
        """Read it off the metadata of its assets."""
        first = next(iter(specs.values())).metadata
        streams = {key: str(spec.metadata[STREAM]) for key, spec in specs.items()}
        return cls(str(first[CONNECTION_ID]), str(first[CONNECTION_NAME]), streams)


def syncing_tag(connection_id: str) -> str:
    """The tag of a run that syncs a connection: it reports the sync itself, so that the sensor does not."""
    return f"sales/airbyte_syncs_{connection_id}"


def sync_events(
    context: dg.AssetExecutionContext, api: AirbyteApi, address: str, patience: Patience
) -> Iterator[SyncEvent]:
    """Sync the connection of the running asset.

    Args:
        context: Of the asset.
        api: The server.
        address: Of the server, for links.
        patience: How long to wait for what.

    Yields:
        A result for each selected asset; the others of the connection, which were synced too, as events.

    Raises:
        RefusedError: Something has to be changed in Airbyte first.
        SyncFailedError: The sync failed; the next may succeed.
        AirbyteUnavailableError: The server was away for too long.
    """
    connection = Synced.of(context.assets_def.specs_by_key)
    details = api.connection(connection.id)
    if is_paused(details):
        yield from _skipped(context, connection)
        return
    tag_run(context.instance, context.run.run_id, {syncing_tag(connection.id): connection.name})
    sync = Sync(
        server=api, connection_id=connection.id, name=connection.name, patience=patience, log=context.log
    )
    try:
        job = sync.run()
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as interruption:
        message = f"The run was cancelled while it waited for Airbyte's sync of {connection.name}."
        raise RunCancelledError(message) from interruption
    page = f"{address}/workspaces/{api.workspace_id}/connections/{connection.id}"
    attempts = _attempts(api, job)
    if job.status != SUCCEEDED:
        raise _failure(connection.name, job, attempts, page)
    synced = selected_streams(details)
    for key, stream in connection.streams.items():
        if synced is not None and stream not in synced:
            yield _left_out(context, key, stream)
        elif key in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=key, metadata=job_metadata(job, page, attempts, stream))
        else:
            yield dg.AssetMaterialization(key, metadata=job_metadata(job, page, attempts, stream))


def job_metadata(job: Job, page: str, attempts: Attempts | None = None, stream: str = "") -> dict[str, Any]:
    """What is told of a sync with each of its streams, as far as it is known.

    Args:
        job: The sync.
        page: The connection's page.
        attempts: What its attempts tell.
        stream: Whose rows to tell.
    """
    attempts = attempts or Attempts()
    known = {
        JOB_ID: job.id,
        "rows_synced": job.rows,
        "stream_rows_synced": (attempts.rows or {}).get(stream),
        "bytes_synced": job.bytes,
        "attempts": attempts.count,
        "started_at": job.started_at and dg.MetadataValue.timestamp(job.started_at),
        "job": dg.MetadataValue.url(_job_page(page, job)),
    }
    return {name: value for name, value in known.items() if value is not None}


def _job_page(page: str, job: Job) -> str:
    return f"{page}/job-history#{job.id}::0"


def _attempts(api: AirbyteApi, job: Job) -> Attempts:
    """The attempts of a job; unknown if the server errs, for the sync itself is over."""
    try:
        return api.attempts(job.id)
    except (AirbyteRefusedError, AirbyteUnavailableError):
        return Attempts()


def _failure(name: str, job: Job, attempts: Attempts, page: str) -> Exception:
    where = f"See {_job_page(page, job)}"
    if job.status == CANCELLED:
        return RefusedError(
            f"Airbyte's sync of {name} (job {job.id}) was cancelled in Airbyte. What it had landed may be "
            f"incomplete, nothing was reported as synced. {where}, then run again."
        )
    reason = (attempts.reason or "Airbyte gives no reason").rstrip(".")
    sentence = (
        f"Airbyte's sync of {name} (job {job.id}) failed: {reason}. Nothing was reported as synced. {where}"
    )
    if attempts.is_configuration:
        return RefusedError(f"{sentence}, correct the connection's settings there, then run again.")
    return SyncFailedError(f"{sentence}. The retry policy starts another; if that ends, run again.")


def _skipped(context: dg.AssetExecutionContext, connection: Synced) -> Iterator[dg.AssetObservation]:
    note = f"{connection.name} is paused in Airbyte, so nothing was synced; what landed before is kept."
    context.log.warning(f"{note} Enable it there, then run again.")
    for key in connection.streams:
        yield dg.AssetObservation(key, description=note, metadata={"airbyte/paused": True})


def _left_out(context: dg.AssetExecutionContext, key: dg.AssetKey, stream: str) -> dg.AssetObservation:
    note = f"Stream {stream} is no longer selected in Airbyte, so it was not synced."
    context.log.warning(f"{note} `make airbyte-snapshot` takes {key.to_user_string()} out of the graph.")
    return dg.AssetObservation(key, description=note, metadata={"airbyte/selected": False})
