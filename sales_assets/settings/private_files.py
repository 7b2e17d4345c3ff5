"""What this project writes to a disk is for its owner alone, whatever the umask of the shell."""

import os
from pathlib import Path


class FolderError(OSError):
    """A folder that the settings name cannot be made."""


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner alone.

    So is every file that this process and its children make from now on. Libraries make most of them: DuckDB
    its log beside the warehouse, dbt its artifacts, Dagster its history. A folder that exists stays as it is.

    Raises:
        FolderError: It cannot be made; says why, and what to do.
    """
    os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"The folder {folder} cannot be made: {error.strerror}. No stored data was changed. "
            "Mend that, or set SALES_DATA_DIR and SALES_DUCKDB_PATH to other places."
        )
        raise FolderError(message) from error
