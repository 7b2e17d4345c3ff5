"""Translates DuckDB's errors: values are taken out, and what a person can mend becomes a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sales_assets.errors import UnavailableError
from sales_assets.redaction import redact_error

_DISK_REASONS = ("No space left on device", "Disk quota exceeded", "File too large", "Read-only file system")


class WarehouseDiskError(UnavailableError):
    """The disk of the warehouse is full or read-only; the next try may find that changed."""


@contextmanager
def translate_errors(database: Path) -> Iterator[None]:
    """Raise DuckDB's errors without values; those of the disk as a sentence.

    Args:
        database: The file that is open.

    Raises:
        WarehouseDiskError: The disk is full or read-only; says what to do.
    """
    try:
        yield
    except duckdb.Error as error:
        text = str(error)
        reason = next((reason for reason in _DISK_REASONS if reason in text), None)
        if reason is None:
            raise type(error)(redact_error(text)) from None
        message = (
            f"The warehouse {database} could not be written: {reason}. No stored data was changed. "
            "Free space, or make the disk writable, then run again."
        )
        raise WarehouseDiskError(message) from None
