"""What a sync reports to Dagster: metadata of each stream, skipped streams, and the sentence for a failure.

`run_sync.py` runs the sync. `airbyte_sync_sensor` reports syncs that Airbyte started, with the same metadata.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from sales_assets.errors import RefusedError
from sales_assets.sources.airbyte.failures import SyncFailedError
from sales_assets.sources.airbyte.sync_jobs import CANCELLED, Attempts, Job

CONNECTION_ID = "dagster-airbyte/connection_id"
CONNECTION_NAME = "dagster-airbyte/connection_name"
STREAM = "airbyte/stream"
"""Metadata of an asset: its connection, under dagster-airbyte's names, and its stream."""

JOB_ID = "job_id"
"""Metadata of a materialization: the sync that it reports."""


def build_sync_metadata(
    job: Job, page: str, attempts: Attempts | None = None, stream: str = ""
) -> dict[str, Any]:
    """Build the metadata of one stream's materialization; unknown facts are absent.

    Args:
        job: The sync.
        page: URL of the connection's page.
        attempts: The attempts of the job.
        stream: The stream whose rows are reported.
    """
    attempts = attempts or Attempts()
    facts = {
        JOB_ID: job.id,
        "rows_synced": job.rows,
        "stream_rows_synced": (attempts.rows or {}).get(stream),
        "bytes_synced": job.bytes,
        "attempts": attempts.count,
        "started_at": job.started_at and dg.MetadataValue.timestamp(job.started_at),
        "job": dg.MetadataValue.url(_format_job_link(page, job)),
    }
    return {name: value for name, value in facts.items() if value is not None}


def build_sync_error(name: str, job: Job, attempts: Attempts, page: str) -> Exception:
    """Build the error for a sync that did not succeed.

    Args:
        name: The connection's name.
        job: The sync.
        attempts: The attempts of the job.
        page: URL of the connection's page.

    Returns:
        A `RefusedError` if a retry would fail too, else a `SyncFailedError`.
    """
    link = f"See {_format_job_link(page, job)}"
    if job.status == CANCELLED:
        return RefusedError(
            f"Airbyte's sync of {name} (job {job.id}) was cancelled in Airbyte. The data it landed may be "
            f"incomplete; no asset was materialized. {link}, then rerun."
        )
    reason = (attempts.reason or "Airbyte gives no reason").rstrip(".")
    sentence = f"Airbyte's sync of {name} (job {job.id}) failed: {reason}. No asset was materialized. {link}"
    if attempts.is_configuration:
        return RefusedError(f"{sentence}, correct the connection's settings there, then rerun.")
    return SyncFailedError(f"{sentence}. The retry policy starts another sync; if every retry fails, rerun.")


def observe_paused(
    context: dg.AssetExecutionContext, name: str, keys: Iterable[dg.AssetKey]
) -> Iterator[dg.AssetObservation]:
    """Warn that a connection is paused, and observe each of its assets.

    Args:
        context: Of the asset.
        name: The connection's name.
        keys: The connection's assets.
    """
    note = f"{name} is paused in Airbyte and was not synced. Landed data is kept."
    context.log.warning(f"{note} Enable the connection there, then rerun.")
    for key in keys:
        yield dg.AssetObservation(key, description=note, metadata={"airbyte/paused": True})


def observe_unselected(
    context: dg.AssetExecutionContext, key: dg.AssetKey, stream: str
) -> dg.AssetObservation:
    """Warn that a stream is no longer selected, and observe its asset.

    Args:
        context: Of the asset.
        key: The stream's asset.
        stream: The stream's name.
    """
    note = f"Stream {stream} is no longer selected in Airbyte and was not synced. Landed data is kept."
    context.log.warning(f"{note} `make airbyte-snapshot` removes {key.to_user_string()} from the graph.")
    return dg.AssetObservation(key, description=note, metadata={"airbyte/selected": False})


def _format_job_link(page: str, job: Job) -> str:
    return f"{page}/job-history#{job.id}::0"
