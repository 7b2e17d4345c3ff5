"""Checks the disk: free space, and a DuckDB file that can be written."""

import os
import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import duckdb

from sales_assets.operations.doctor.check_origin import check_origin
from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.warehouse.duckdb import read_memory
from sales_assets.warehouse.file_lock import WarehouseBusyError, lock_database

MIN_FREE_BYTES = 2 * 1024**3
_PATIENCE_SECONDS = 5.0


def check_disk(folder: Path, min_free_bytes: int = MIN_FREE_BYTES) -> list[Finding]:
    """Check the free space for a folder, which need not exist yet.

    Args:
        folder: The folder that will grow.
        min_free_bytes: How much space must be free.
    """
    report = CheckReport("Disk")
    free_bytes = shutil.disk_usage(_find_existing(folder)).free
    text = f"{free_bytes / 1024**3:.1f} GiB free for {folder}."
    if free_bytes < min_free_bytes:
        report.problem(text, f"Free at least {min_free_bytes / 1024**3:.0f} GiB.")
    else:
        report.ok(text)
    return report.findings


def check_duckdb_file(
    database: Path, patience_seconds: float = _PATIENCE_SECONDS, origin: Mapping[str, str] | None = None
) -> list[Finding]:
    """Check that the file can be opened and written, or created; this check does not create it.

    Args:
        database: The file.
        patience_seconds: How long to wait for a run that uses it.
        origin: The settings that it must have been made with.
    """
    report = CheckReport("Warehouse")
    place = database if database.exists() else _find_existing(database.parent)
    if not os.access(place, os.W_OK) or (place != database and not place.is_dir()):
        report.problem(
            f"{place} cannot be written.",
            "Set SALES_DUCKDB_PATH to a file in a folder that this user can write.",
        )
    elif place != database:
        report.ok(f"{database} does not exist yet; the first run creates it.")
    else:
        _open_database(report, database, patience_seconds, origin or {})
    return report.findings


def _open_database(
    report: CheckReport, database: Path, patience_seconds: float, origin: Mapping[str, str]
) -> None:
    remedy = (
        "Close the program that has it open. If it is not a DuckDB file, set SALES_DUCKDB_PATH to another."
    )
    with report.catch_errors(remedy):
        try:
            with (
                lock_database(
                    database, exclusive=False, caller="the doctor", timeout_seconds=patience_seconds
                ),
                closing(duckdb.connect(database, read_only=True)) as connection,
            ):
                connection.execute("select 1")
                report.ok(f"{database} can be opened and written.")
                # Read here: a second lock would wait behind a writer that waits for this one.
                report.findings += check_origin(read_memory(connection), origin)
        except WarehouseBusyError as busy:
            report.ok(f"A run is using it: {busy}")


def _find_existing(folder: Path) -> Path:
    """Find the folder, or its nearest parent that exists."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
