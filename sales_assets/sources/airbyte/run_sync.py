"""Runs the sync of an asset's connection, and yields a result for each of its streams.

`sync.py` starts the job and waits for it; `sync_events.py` builds what is reported.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from sales_assets.private_apis.instance import tag_run
from sales_assets.sources.airbyte.api import AirbyteApi
from sales_assets.sources.airbyte.discovery import is_paused, list_selected_streams
from sales_assets.sources.airbyte.failures import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.sources.airbyte.sync import PollingConfig, Sync
from sales_assets.sources.airbyte.sync_events import (
    CONNECTION_ID,
    CONNECTION_NAME,
    STREAM,
    build_sync_error,
    build_sync_metadata,
    observe_paused,
    observe_unselected,
)
from sales_assets.sources.airbyte.sync_jobs import SUCCEEDED, Attempts, Job

SyncEvent = dg.MaterializeResult[Any] | dg.AssetMaterialization | dg.AssetObservation


@dataclass(frozen=True)
class SyncTarget:
    """The connection that an asset definition syncs.

    Attributes:
        id: Airbyte's id of the connection.
        name: In Airbyte.
        streams: The name of each asset's stream.
    """

    id: str
    name: str
    streams: Mapping[dg.AssetKey, str]

    @classmethod
    def from_specs(cls, specs: Mapping[dg.AssetKey, dg.AssetSpec]) -> "SyncTarget":
        """Read the connection from the metadata of its assets."""
        metadata = next(iter(specs.values())).metadata
        streams = {key: str(spec.metadata[STREAM]) for key, spec in specs.items()}
        return cls(str(metadata[CONNECTION_ID]), str(metadata[CONNECTION_NAME]), streams)


def format_sync_tag(connection_id: str) -> str:
    """The tag of a run that syncs a connection: the run reports the sync, so the sensor must not."""
    return f"sales/airbyte_syncs_{connection_id}"


def run_sync(
    context: dg.AssetExecutionContext, api: AirbyteApi, address: str, polling: PollingConfig
) -> Iterator[SyncEvent]:
    """Sync the connection of the running asset.

    Args:
        context: Of the asset.
        api: The server.
        address: The server's address, for links.
        polling: How to wait for the sync.

    Yields:
        A result for each selected asset, and an event for each other asset of the connection, because Airbyte
        syncs all of them.

    Raises:
        RefusedError: Something must be changed in Airbyte first.
        SyncFailedError: The sync failed; the next one may succeed.
        AirbyteUnavailableError: The server's outage was too long.
    """
    target = SyncTarget.from_specs(context.assets_def.specs_by_key)
    details = api.get_connection(target.id)
    if is_paused(details):
        yield from observe_paused(context, target.name, target.streams)
        return
    tag_run(context.instance, context.run.run_id, {format_sync_tag(target.id): target.name})
    job = _wait_for_sync(context, api, target, polling)
    page = f"{address}/workspaces/{api.workspace_id}/connections/{target.id}"
    attempts = _get_attempts(api, job)
    if job.status != SUCCEEDED:
        raise build_sync_error(target.name, job, attempts, page)
    selected = list_selected_streams(details)
    for key, stream in target.streams.items():
        metadata = build_sync_metadata(job, page, attempts, stream)
        if selected is not None and stream not in selected:
            yield observe_unselected(context, key, stream)
        elif key in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
        else:
            yield dg.AssetMaterialization(key, metadata=metadata)


def _wait_for_sync(
    context: dg.AssetExecutionContext, api: AirbyteApi, target: SyncTarget, polling: PollingConfig
) -> Job:
    return Sync(server=api, connection_id=target.id, name=target.name, polling=polling, log=context.log).run()


def _get_attempts(api: AirbyteApi, job: Job) -> Attempts:
    """The attempts of a job; unknown if the server fails, because the sync itself is over."""
    try:
        return api.get_attempts(job.id)
    except (AirbyteRefusedError, AirbyteUnavailableError):
        return Attempts()
