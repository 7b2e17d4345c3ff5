"""Checks Airbyte: the snapshot exists, the server answers, and the two agree."""

from pathlib import Path

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.settings import Environment
from sales_assets.sources.airbyte.diff import diff_snapshots
from sales_assets.sources.airbyte.discovery import discover_snapshot
from sales_assets.sources.airbyte.snapshot import FOLDER, read_snapshot
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

_REWRITE = "Run `make airbyte-snapshot`, review the changes and commit them."


def check_airbyte(
    workspace: SalesAirbyteWorkspace | None, environment: Environment, folder: Path = FOLDER
) -> list[Finding]:
    """Read the snapshot and compare it with the server.

    Args:
        workspace: The resource that runs use; None for the local emulator, which the first sync starts.
        environment: The environment of the snapshot.
        folder: The folder of snapshots.
    """
    report = CheckReport("Airbyte")
    with report.catch_errors(_REWRITE):
        snapshot = read_snapshot(environment, folder)
        report.ok(f"The snapshot has {len(snapshot.connections)} connection(s).")
        if workspace is None:
            report.ok("Using the local emulator; the first sync starts it.")
            return report.findings
        with report.catch_errors("Check the AIRBYTE_* variables, and that this machine reaches the server."):
            now = discover_snapshot(workspace.get_client(), workspace.address())
            changes = diff_snapshots(snapshot, now)
            for name, sentences in changes.items():
                report.problem(f"{name} {'; '.join(sentences)}.", _REWRITE)
            if not changes:
                report.ok("The server answers, and its connections match the snapshot.")
    return report.findings
