"""The check that compares the snapshot with the live server: drift is a warning, and fails nothing.

`diff.py` decides what counts as a difference.
"""

from collections.abc import Iterator

import dagster as dg

from sales_assets.catalog.names import AIRBYTE_SNAPSHOT_CHECK
from sales_assets.settings import Settings
from sales_assets.sources.airbyte.diff import diff_snapshots
from sales_assets.sources.airbyte.discovery import discover_snapshot
from sales_assets.sources.airbyte.failures import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.sources.airbyte.snapshot import Connection, Snapshot, SnapshotError, read_snapshot
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

_REMEDY = "Run `make airbyte-snapshot`, review what changed and commit it."
_ADVICE = f"It is compared daily at 06:00. If it fails: {_REMEDY}"


def build_airbyte_check(settings: Settings) -> dg.AssetChecksDefinition:
    """Build one check per connection, on the first of its assets."""
    snapshot = read_snapshot(settings.environment)
    connections = {_build_checked_key(connection): connection for connection in snapshot.connections}

    @dg.multi_asset_check(
        name="airbyte_snapshot",
        specs=[
            dg.AssetCheckSpec(
                AIRBYTE_SNAPSHOT_CHECK,
                asset=key,
                description=f"The snapshot of {connection.name} matches Airbyte's server. {_ADVICE}",
            )
            for key, connection in connections.items()
        ],
        can_subset=True,
    )
    def airbyte_snapshot(
        context: dg.AssetCheckExecutionContext, airbyte: SalesAirbyteWorkspace
    ) -> Iterator[dg.AssetCheckResult]:
        drift = find_drift(snapshot, airbyte)
        for check in sorted(context.selected_asset_check_keys):
            yield _build_result(check.asset_key, drift, snapshot, connections[check.asset_key])

    return airbyte_snapshot


def find_drift(snapshot: Snapshot, airbyte: SalesAirbyteWorkspace) -> dict[str, list[str]] | str:
    """Find the differences by connection; a sentence with the reason if they cannot be found."""
    try:
        return diff_snapshots(snapshot, discover_snapshot(airbyte.get_client(), snapshot.url))
    except (AirbyteRefusedError, AirbyteUnavailableError, SnapshotError) as error:
        return str(error)


def _build_result(
    key: dg.AssetKey, drift: dict[str, list[str]] | str, snapshot: Snapshot, connection: Connection
) -> dg.AssetCheckResult:
    if isinstance(drift, str):
        sentences = [f"the snapshot could not be compared: {drift}"]
    else:
        known = {each.name for each in snapshot.connections}
        own = [f"{connection.name}: {change}" for change in drift.get(connection.name, [])]
        new = [
            f"{name}: {change}" for name, changes in drift.items() if name not in known for change in changes
        ]
        sentences = own + new
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=AIRBYTE_SNAPSHOT_CHECK,
        passed=not sentences,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join([*sentences, _REMEDY]) if sentences else "The snapshot matches the server.",
    )


def _build_checked_key(connection: Connection) -> dg.AssetKey:
    return dg.AssetKey(list(connection.build_key(connection.streams[0])))
