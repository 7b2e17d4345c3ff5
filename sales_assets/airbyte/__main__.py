"""`python -m sales_assets.airbyte snapshot`: writes the environment's snapshot anew from the live server.

What a snapshot is belongs to `snapshot.py`, how the server is read to `live.py`.
"""

import sys
from pathlib import Path

from dagster import DagsterInvalidConfigError

from sales_assets.airbyte.drift import differences
from sales_assets.airbyte.errors import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.airbyte.live import live_snapshot
from sales_assets.airbyte.snapshot import FOLDER, Snapshot, SnapshotError, path_of, read, write
from sales_assets.airbyte.workspace import SalesAirbyteWorkspace
from sales_assets.errors import missing_variables
from sales_assets.resources import airbyte_resource
from sales_assets.settings import Settings, settings

_FAILURES = (AirbyteRefusedError, AirbyteUnavailableError, SnapshotError, DagsterInvalidConfigError)


def main(arguments: list[str]) -> int:
    """Run a command; the exit code is 0 if it succeeded."""
    if arguments != ["snapshot"]:
        say("Usage: python -m sales_assets.airbyte snapshot")
        return 2
    return rewrite(settings())


def rewrite(settings: Settings, folder: Path = FOLDER) -> int:
    """Replace the snapshot of an environment by what the server says, and tell what changed.

    Args:
        settings: Which environment, and whether there is a server.
        folder: Where snapshots are.
    """
    path = path_of(settings.environment, folder)
    try:
        with airbyte_resource(settings).process_config_and_initialize_cm() as workspace:
            now = live(workspace)
    except _FAILURES as error:
        missing = ", ".join(missing_variables(error))
        reason = f"it needs {missing}, which is not set." if missing else error
        say(f"The snapshot {path} stays as it was: {reason}")
        return 1
    try:
        changes = differences(read(settings.environment, folder), now)
    except SnapshotError:
        changes = {connection.name: ["is new"] for connection in now.connections}
    write(now, path)
    for name, sentences in changes.items():
        for sentence in sentences:
            say(f"{name}: {sentence}")
    say(f"{path} is written; {'review what changed and commit it.' if changes else 'nothing changed.'}")
    return 0


def live(workspace: SalesAirbyteWorkspace) -> Snapshot:
    """What the snapshot of a workspace would be now."""
    address = workspace.address()
    return live_snapshot(workspace.get_client(), address)


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
