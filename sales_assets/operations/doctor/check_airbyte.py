"""Looks at Airbyte: that there is a snapshot, that the server answers, and that the two agree."""

from pathlib import Path

from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.settings import Environment
from sales_assets.sources.airbyte.diff import diff_snapshots
from sales_assets.sources.airbyte.discovery import discover_snapshot
from sales_assets.sources.airbyte.snapshot import FOLDER, read_snapshot
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

_REWRITE = "Run `make airbyte-snapshot`, review what changed and commit it."


def look_at_airbyte(
    workspace: SalesAirbyteWorkspace | None, environment: Environment, folder: Path = FOLDER
) -> list[Finding]:
    """Read the snapshot, and compare it with the server.

    Args:
        workspace: The resource that runs use; None where a stand-in serves, which starts by itself.
        environment: Whose snapshot.
        folder: Where snapshots are.
    """
    notes = Notes("Airbyte")
    with notes.looking(_REWRITE):
        snapshot = read_snapshot(environment, folder)
        notes.well(f"The snapshot has {len(snapshot.connections)} connection(s).")
        if workspace is None:
            notes.well("The local stand-in serves; the first sync starts it.")
            return notes.findings
        with notes.looking("Check the AIRBYTE_* variables, and that this machine reaches the server."):
            now = discover_snapshot(workspace.get_client(), workspace.address())
            changes = diff_snapshots(snapshot, now)
            for name, sentences in changes.items():
                notes.fix(f"{name} {'; '.join(sentences)}.", _REWRITE)
            if not changes:
                notes.well("The server answers, and its connections are those of the snapshot.")
    return notes.findings
