"""Airbyte's connections as assets, from the snapshot: one definition per connection, one asset per stream.

Nothing here connects to a server; a run does, through `workspace.py`.
"""

import re
from collections.abc import Iterator
from typing import Any

import dagster as dg

from sales_assets.catalog.names import AIRBYTE, PERSONAL_DATA_TAG
from sales_assets.catalog.partitions import BACKFILL
from sales_assets.catalog.policies import EXTRACTION
from sales_assets.settings import Settings
from sales_assets.sources.airbyte.run_sync import SyncEvent
from sales_assets.sources.airbyte.snapshot import Connection, Snapshot, Stream, read_snapshot
from sales_assets.sources.airbyte.sync_events import CONNECTION_ID, CONNECTION_NAME, STREAM
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

_PERSONAL = ("email", "first_name", "last_name", "phone")
"""Columns of personal data; Airbyte's catalog does not say which they are."""


def build_airbyte_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Build the assets of an environment's connections.

    Airbyte always syncs a whole connection. A run may select some of its streams; the others are synced and
    reported as materialized too.

    Raises:
        SnapshotError: The environment has no usable snapshot; names the command that creates it.
    """
    snapshot = read_snapshot(settings.environment)
    return [_build_definition(snapshot, connection) for connection in snapshot.connections]


def build_spec(snapshot: Snapshot, connection: Connection, stream: Stream) -> dg.AssetSpec:
    """Build the asset of a stream."""
    columns = [
        dg.TableColumn(name, type_, tags={PERSONAL_DATA_TAG: ""} if name in _PERSONAL else {})
        for name, type_ in stream.columns.items()
    ]
    metadata: dict[str, Any] = {
        CONNECTION_ID: connection.id,
        CONNECTION_NAME: connection.name,
        STREAM: stream.name,
        "dagster/table_name": connection.format_table(stream),
        "schema": stream.schema or "",
        "connection": dg.MetadataValue.url(snapshot.format_link(connection)),
    }
    if columns:
        metadata["dagster/column_schema"] = dg.TableSchema(columns)
    return dg.AssetSpec(
        dg.AssetKey(list(connection.build_key(stream))),
        description=f"Stream {stream.name}, as landed by Airbyte's connection {connection.name}.",
        group_name=AIRBYTE,
        metadata=metadata,
        kinds={"airbyte"},
    )


def _build_definition(snapshot: Snapshot, connection: Connection) -> dg.AssetsDefinition:
    specs = [build_spec(snapshot, connection, stream) for stream in connection.streams]
    name = f"airbyte_{connection.identifier}"

    @dg.multi_asset(
        name=name,
        outs={_name_output(spec, n): _build_output(spec) for n, spec in enumerate(specs)},
        can_subset=True,
        backfill_policy=BACKFILL,  # not partitioned, but a backfill of all assets needs one policy
        retry_policy=EXTRACTION,
        pool=name,
    )
    def airbyte_connection(
        context: dg.AssetExecutionContext, airbyte: SalesAirbyteWorkspace
    ) -> Iterator[SyncEvent]:
        yield from airbyte.sync_and_poll(context)

    return airbyte_connection


def _build_output(spec: dg.AssetSpec) -> dg.AssetOut:
    return dg.AssetOut.from_spec(spec, dagster_type=dg.Nothing, is_required=False)


def _name_output(spec: dg.AssetSpec, position: int) -> str:
    """A valid name for an output; unlike a stream's name, it may not contain blanks or accents."""
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', '__'.join(spec.key.path))}_{position}"
