"""Looks at the disk: room below a folder, and a DuckDB file that can be written."""

import os
import shutil
from contextlib import closing
from pathlib import Path

import duckdb

from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.warehouse.file_lock import WarehouseBusyError, lock_database

LEAST_FREE_BYTES = 2 * 1024**3
_PATIENCE_SECONDS = 5.0


def look_at_the_disk(folder: Path, least: int = LEAST_FREE_BYTES) -> list[Finding]:
    """Say how much room is left where a folder is, or will be.

    Args:
        folder: What will grow.
        least: How many bytes must be free.
    """
    notes = Notes("Disk")
    free = shutil.disk_usage(_existing(folder)).free
    said = f"{free / 1024**3:.1f} GiB are free for {folder}."
    if free < least:
        notes.fix(said, f"Have at least {least / 1024**3:.0f} GiB free.")
    else:
        notes.well(said)
    return notes.findings


def look_at_the_duckdb_file(database: Path, patience_seconds: float = _PATIENCE_SECONDS) -> list[Finding]:
    """Say whether the file can be opened and written, or made; makes none.

    Args:
        database: The file.
        patience_seconds: How long to wait for a run that uses it.
    """
    notes = Notes("Warehouse")
    place = database if database.exists() else _existing(database.parent)
    if not os.access(place, os.W_OK) or (place != database and not place.is_dir()):
        notes.fix(f"{place} cannot be written.", "Set SALES_DUCKDB_PATH to a file in a folder of yours.")
    elif place != database:
        notes.well(f"{database} can be made; the first run does.")
    else:
        _open(notes, database, patience_seconds)
    return notes.findings


def _open(notes: Notes, database: Path, patience_seconds: float) -> None:
    remedy = "Close the program that has it open; if it is no DuckDB file, set SALES_DUCKDB_PATH to another."
    with notes.looking(remedy):
        try:
            with (
                lock_database(
                    database, exclusive=False, caller="the doctor", timeout_seconds=patience_seconds
                ),
                closing(duckdb.connect(database, read_only=True)) as connection,
            ):
                connection.execute("select 1")
            notes.well(f"{database} opens and can be written.")
        except WarehouseBusyError as busy:
            notes.well(f"A run of ours uses it: {busy}")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
