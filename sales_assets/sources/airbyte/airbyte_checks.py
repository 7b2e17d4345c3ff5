"""The check that compares the snapshot with the live server: drift is said, and breaks nothing.

What counts as a difference belongs to `drift.py`.
"""

from collections.abc import Iterator

import dagster as dg

from sales_assets.catalog.names import AIRBYTE_SNAPSHOT_CHECK
from sales_assets.settings import Settings
from sales_assets.sources.airbyte.diff import diff_snapshots
from sales_assets.sources.airbyte.discovery import live_snapshot
from sales_assets.sources.airbyte.failures import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.sources.airbyte.snapshot import Connection, Snapshot, SnapshotError, read
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

_REMEDY = "`make airbyte-snapshot` writes the snapshot anew; review and commit it."


def build_airbyte_check(settings: Settings) -> dg.AssetChecksDefinition:
    """One check for each connection, on the first of its assets."""
    snapshot = read(settings.environment)
    connections = {_asset(connection): connection for connection in snapshot.connections}

    @dg.multi_asset_check(
        name="airbyte_snapshot",
        specs=[
            dg.AssetCheckSpec(
                AIRBYTE_SNAPSHOT_CHECK,
                asset=key,
                description=f"The snapshot of {connection.name} is that of the server.",
            )
            for key, connection in connections.items()
        ],
        can_subset=True,
    )
    def airbyte_snapshot(
        context: dg.AssetCheckExecutionContext, airbyte: SalesAirbyteWorkspace
    ) -> Iterator[dg.AssetCheckResult]:
        found = drift(snapshot, airbyte)
        for check in sorted(context.selected_asset_check_keys):
            yield _result(check.asset_key, found, snapshot, connections[check.asset_key])

    return airbyte_snapshot


def drift(snapshot: Snapshot, airbyte: SalesAirbyteWorkspace) -> dict[str, list[str]] | str:
    """What differs by connection, or why that cannot be told."""
    try:
        return diff_snapshots(snapshot, live_snapshot(airbyte.get_client(), snapshot.url))
    except (AirbyteRefusedError, AirbyteUnavailableError, SnapshotError) as error:
        return str(error)


def _result(
    key: dg.AssetKey, found: dict[str, list[str]] | str, snapshot: Snapshot, connection: Connection
) -> dg.AssetCheckResult:
    if isinstance(found, str):
        sentences = [f"nothing could be compared: {found}"]
    else:
        known = {each.name for each in snapshot.connections}
        own = [f"{connection.name}: {change}" for change in found.get(connection.name, [])]
        new = [
            f"{name}: {change}" for name, changes in found.items() if name not in known for change in changes
        ]
        sentences = own + new
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=AIRBYTE_SNAPSHOT_CHECK,
        passed=not sentences,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join([*sentences, _REMEDY]) if sentences else "Snapshot and server agree.",
    )


def _asset(connection: Connection) -> dg.AssetKey:
    return dg.AssetKey(list(connection.key_of(connection.streams[0])))
