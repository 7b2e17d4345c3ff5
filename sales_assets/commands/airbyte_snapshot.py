"""`sales-assets airbyte-snapshot`: rewrites the environment's snapshot from the live server.

`sources/airbyte/snapshot.py` defines a snapshot, `sources/airbyte/discovery.py` reads the server.
"""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from sales_assets.commands.console import print_line
from sales_assets.resources import build_airbyte, find_missing_variables
from sales_assets.settings import Settings, settings
from sales_assets.sources.airbyte.diff import diff_snapshots
from sales_assets.sources.airbyte.discovery import discover_snapshot
from sales_assets.sources.airbyte.failures import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.sources.airbyte.snapshot import (
    FOLDER,
    Snapshot,
    SnapshotError,
    read_snapshot,
    snapshot_path,
    write_snapshot,
)

_FAILURES = (AirbyteRefusedError, AirbyteUnavailableError, SnapshotError, dg.DagsterInvalidConfigError)


def run(_: Namespace) -> int:
    """Rewrite the snapshot of this environment; the exit code is 0 on success."""
    return rewrite_snapshot(settings())


def rewrite_snapshot(settings: Settings, folder: Path = FOLDER) -> int:
    """Replace the snapshot of an environment by the server's state, and print what changed.

    Args:
        settings: The environment, and whether a server is configured.
        folder: Contains the snapshots.
    """
    path = snapshot_path(settings.environment, folder)
    try:
        with build_airbyte(settings).process_config_and_initialize_cm() as workspace:
            current = discover_snapshot(workspace.get_client(), workspace.link_address())
    except _FAILURES as error:
        missing = ", ".join(find_missing_variables(error))
        reason = f"missing environment variables: {missing}" if missing else error
        print_line(f"{path} was not changed: {reason}")
        return 1
    try:
        former = read_snapshot(settings.environment, folder)
        changes = list(_describe_changes(former, current))
    except SnapshotError:
        changes = [f"{connection.name}: is new" for connection in current.connections]
    write_snapshot(current, path)
    for change in changes:
        print_line(change)
    print_line(f"Wrote {path}; {'review what changed and commit it.' if changes else 'nothing changed.'}")
    return 0


def _describe_changes(former: Snapshot, current: Snapshot) -> Iterator[str]:
    """A sentence for each difference of two snapshots, that of the server included."""
    before, now = (f"{each.workspace_id} of {each.url}" for each in (former, current))
    if before != now:
        yield f"workspace: was {before}, is {now}"
    for name, sentences in diff_snapshots(former, current).items():
        yield from (f"{name}: {sentence}" for sentence in sentences)
