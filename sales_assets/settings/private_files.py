"""What this project writes to a disk is for its owner alone, whatever the umask of the shell."""

import os
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner alone.

    So is every file that this process and its children make from now on. Libraries make most of them: DuckDB
    its log beside the warehouse, dbt its artifacts, Dagster its history. A folder that exists stays as it is.
    """
    os.umask(0o077)
    folder.mkdir(parents=True, exist_ok=True)
