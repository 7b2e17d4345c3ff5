"""Airbyte's connections as assets, read from the snapshot: one definition a connection, one asset a stream.

Nothing here asks a server; what a run does with one is `workspace.py`'s.
"""

import re
from collections.abc import Iterator
from typing import Any

import dagster as dg

from sales_assets.catalog.names import AIRBYTE
from sales_assets.catalog.partitions import BACKFILL
from sales_assets.catalog.policies import EXTRACTION
from sales_assets.settings import Settings
from sales_assets.sources.airbyte.run_sync import CONNECTION_ID, CONNECTION_NAME, STREAM, SyncEvent
from sales_assets.sources.airbyte.snapshot import Connection, Snapshot, Stream, read
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace


def build_airbyte_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets of an environment's connections.

    Airbyte syncs a connection whole. Selecting some of its streams is allowed and syncs all of them; those
    that were not selected are reported as materialized too, for they are.

    Raises:
        SnapshotError: The environment has no snapshot; says which command makes it.
    """
    snapshot = read(settings.environment)
    return [_definition(snapshot, connection) for connection in snapshot.connections]


def spec_of(snapshot: Snapshot, connection: Connection, stream: Stream) -> dg.AssetSpec:
    """A stream as an asset."""
    columns = [dg.TableColumn(name, type_) for name, type_ in stream.columns.items()]
    metadata: dict[str, Any] = {
        CONNECTION_ID: connection.id,
        CONNECTION_NAME: connection.name,
        STREAM: stream.name,
        "dagster/table_name": connection.table_of(stream),
        "schema": stream.schema or "",
        "connection": dg.MetadataValue.url(snapshot.link(connection)),
    }
    if columns:
        metadata["dagster/column_schema"] = dg.TableSchema(columns)
    return dg.AssetSpec(
        dg.AssetKey(list(connection.key_of(stream))),
        description=f"What Airbyte's connection {connection.name} lands of {stream.name}.",
        group_name=AIRBYTE,
        metadata=metadata,
        kinds={"airbyte"},
    )


def _definition(snapshot: Snapshot, connection: Connection) -> dg.AssetsDefinition:
    specs = [spec_of(snapshot, connection, stream) for stream in connection.streams]
    name = f"airbyte_{connection.identifier}"

    @dg.multi_asset(
        name=name,
        outs={_output(spec, n): _out(spec) for n, spec in enumerate(specs)},
        can_subset=True,
        backfill_policy=BACKFILL,  # without partitions, but a range of days of everything asks every asset
        retry_policy=EXTRACTION,
        pool=name,
    )
    def airbyte_connection(
        context: dg.AssetExecutionContext, airbyte: SalesAirbyteWorkspace
    ) -> Iterator[SyncEvent]:
        yield from airbyte.sync_and_poll(context)

    return airbyte_connection


def _out(spec: dg.AssetSpec) -> dg.AssetOut:
    return dg.AssetOut.from_spec(spec, dagster_type=dg.Nothing, is_required=False)


def _output(spec: dg.AssetSpec, position: int) -> str:
    """An output's name, which unlike a stream's may not hold blanks or accents."""
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', '__'.join(spec.key.path))}_{position}"
