"""Finds, measures and removes files that were not written for a long time."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path


def list_old_files(folder: Path, before: datetime) -> list[Path]:
    """List the files of a folder and its subfolders that were last written before a time.

    Args:
        folder: The folder; it need not exist.
        before: The time, with a time zone.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):  # removed meanwhile
            if path.is_file() and path.lstat().st_mtime < before.timestamp():
                found.append(path)
    return found


def measure_files(paths: Iterable[Path]) -> int:
    """Return the bytes of files, and of folders with everything in them."""
    total = 0
    for path in paths:
        for each in [path, *path.rglob("*")]:
            with suppress(FileNotFoundError):
                total += each.lstat().st_size if each.is_file() else 0
    return total


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files; those that are gone already do not matter."""
    for path in paths:
        path.unlink(missing_ok=True)
