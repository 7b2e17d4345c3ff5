"""Says in a sentence what a person can mend on the machine: a full or read-only disk, a damaged history.

The warehouse's own disk errors are in `warehouse/duckdb_errors.py`.
"""

import errno
import sqlite3
from collections.abc import Iterator

from sales_assets.settings import FolderError

_DISK = {
    errno.ENOSPC: "Free space, then run the command again.",
    errno.EDQUOT: "Free space or raise the quota, then run the command again.",
    errno.EROFS: "Make the disk writable, then run the command again.",
    errno.EACCES: "Give this user the permission, then run the command again.",
    errno.EPERM: "Give this user the permission, then run the command again.",
}
_HISTORY = {
    sqlite3.SQLITE_FULL: _DISK[errno.ENOSPC],
    sqlite3.SQLITE_READONLY: _DISK[errno.EROFS],
    sqlite3.SQLITE_CANTOPEN: _DISK[errno.EACCES],
    sqlite3.SQLITE_NOTADB: "It is damaged: restore it from a backup, or move it away; a new one is created.",
    sqlite3.SQLITE_CORRUPT: "It is damaged: restore it from a backup, or move it away; a new one is created.",
}


def explain(error: BaseException) -> str | None:
    """Return the sentence for an error, judging by it and its causes; None if no person can mend it.

    Args:
        error: What ended a command.
    """
    for each in _iterate_causes(error):
        if isinstance(each, FolderError):
            return str(each)
        if isinstance(each, OSError) and each.errno in _DISK:
            where = f"{each.filename} could not be used" if each.filename else "A file could not be written"
            return f"{where}: {each.strerror}. What was stored before is kept. {_DISK[each.errno]}"
        if isinstance(each, sqlite3.DatabaseError):
            code = getattr(each, "sqlite_errorcode", -1) & 0xFF  # the rest is a detail
            if code in _HISTORY:
                return (
                    f"Dagster's history of runs, in DAGSTER_HOME or .data, failed: {each}. "
                    f"The warehouse is as it was. {_HISTORY[code]}"
                )
    return None


def _iterate_causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
