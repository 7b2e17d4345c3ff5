"""`sales-assets airbyte-snapshot`: rewrites the environment's snapshot from the live server.

What a snapshot is belongs to `sources/airbyte/snapshot.py`, how the server is read to `discovery.py` there.
"""

from argparse import Namespace
from pathlib import Path

import dagster as dg

from sales_assets.commands.console import print_line
from sales_assets.resources import build_airbyte, find_missing_variables
from sales_assets.settings import Settings, settings
from sales_assets.sources.airbyte.diff import diff_snapshots
from sales_assets.sources.airbyte.discovery import live_snapshot
from sales_assets.sources.airbyte.failures import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.sources.airbyte.snapshot import FOLDER, Snapshot, SnapshotError, path_of, read, write
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

_FAILURES = (AirbyteRefusedError, AirbyteUnavailableError, SnapshotError, dg.DagsterInvalidConfigError)


def run(_: Namespace) -> int:
    """Rewrite the snapshot of this environment; the exit code is 0 if it succeeded."""
    return rewrite(settings())


def rewrite(settings: Settings, folder: Path = FOLDER) -> int:
    """Replace the snapshot of an environment by what the server says, and tell what changed.

    Args:
        settings: Which environment, and whether there is a server.
        folder: Where snapshots are.
    """
    path = path_of(settings.environment, folder)
    try:
        with build_airbyte(settings).process_config_and_initialize_cm() as workspace:
            now = live(workspace)
    except _FAILURES as error:
        missing = ", ".join(find_missing_variables(error))
        reason = f"it needs {missing}, which is not set." if missing else error
        print_line(f"The snapshot {path} stays as it was: {reason}")
        return 1
    try:
        changes = diff_snapshots(read(settings.environment, folder), now)
    except SnapshotError:
        changes = {connection.name: ["is new"] for connection in now.connections}
    write(now, path)
    for name, sentences in changes.items():
        for sentence in sentences:
            print_line(f"{name}: {sentence}")
    print_line(
        f"{path} is written; {'review what changed and commit it.' if changes else 'nothing changed.'}"
    )
    return 0


def live(workspace: SalesAirbyteWorkspace) -> Snapshot:
    """What the snapshot of a workspace would be now."""
    address = workspace.address()
    return live_snapshot(workspace.get_client(), address)
