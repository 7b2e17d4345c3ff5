"""Removes what no reader needs any more: audit branches of dead runs, old snapshots, files of neither.

Main's latest rows are never touched. What is younger than a run may take is left alone.
"""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sales_assets.errors import UnavailableError
from sales_assets.warehouse.lake.audit_branch import AUDIT_PREFIX, read_cut_time

if TYPE_CHECKING:
    from pyiceberg.table import Table

_COMMITS = 10


@dataclass(frozen=True)
class Removed:
    """Files that were removed.

    Attributes:
        files: Their number.
        size: Their bytes.
    """

    files: int = 0
    size: int = 0


def drop_old_audits(table: "Table", before: datetime) -> int:
    """Drop the audit branches that were cut before a time, as killed runs leave them; returns how many."""

    def drop() -> int:
        old = [
            name for name in table.refs() if name.startswith(AUDIT_PREFIX) and read_cut_time(name) < before
        ]
        change = table.manage_snapshots()
        for name in old:
            change = change.remove_branch(name)
        if old:
            change.commit()
        return len(old)

    return _commit(table, drop)


def expire_snapshots(table: "Table", before: datetime, keep_last: int) -> int:
    """Expire the snapshots from before a time; returns how many.

    Args:
        table: The table.
        before: Younger snapshots stay; so do those of branches and tags.
        keep_last: So many of the latest states of main stay, however old they are.
    """

    def expire() -> int:
        kept = {entry.snapshot_id for entry in table.history()[-keep_last:]}
        kept |= {ref.snapshot_id for ref in table.refs().values()}
        limit = before.timestamp() * 1000
        old = [
            snapshot.snapshot_id
            for snapshot in table.snapshots()
            if snapshot.timestamp_ms < limit and snapshot.snapshot_id not in kept
        ]
        if old:
            table.maintenance.expire_snapshots().by_ids(old).commit()
        return len(old)

    return _commit(table, expire)


def remove_orphans(table: "Table", before: datetime) -> Removed:
    """Remove the files in the table's folder that no snapshot names and that were written before a time.

    Args:
        table: The table.
        before: Younger files may belong to a run that has not committed them yet.
    """
    from pyarrow.fs import FileSelector, FileType  # noqa: PLC0415 - only here

    parts = urlsplit(table.location())
    io: Any = table.io  # pyiceberg's PyArrow files, the only ones that list a folder
    files = io.fs_by_scheme(parts.scheme or "file", parts.netloc)
    found = files.get_file_info(FileSelector(_plain(table.location()), recursive=True))
    old = [each for each in found if each.type is FileType.File and each.mtime.astimezone(UTC) < before]
    if not old:
        return Removed()
    table.refresh()  # after the listing: what was committed meanwhile is named
    named = set(_iterate_named(table))
    orphans = [each for each in old if each.path not in named and _is_of_table(each.path)]
    for each in orphans:
        files.delete_file(each.path)
    return Removed(len(orphans), sum(each.size for each in orphans))


def _iterate_named(table: "Table") -> Iterator[str]:
    """The paths of all files that the table's metadata names, in any snapshot."""
    yield _plain(table.metadata_location)
    yield from (_plain(entry.metadata_file) for entry in table.metadata.metadata_log)
    yield from (_plain(each.statistics_path) for each in table.metadata.statistics)
    yield from (_plain(each.statistics_path) for each in table.metadata.partition_statistics)
    read: set[str] = set()
    for snapshot in table.snapshots():
        yield _plain(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in read:
                read.add(manifest.manifest_path)
                yield _plain(manifest.manifest_path)
                for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False):
                    yield _plain(entry.data_file.file_path)


def _is_of_table(path: str) -> bool:
    """Whether a file is of a kind that Iceberg writes: what somebody else left there stays."""
    return path.endswith((".parquet", ".avro", ".metadata.json", ".puffin"))


def _plain(path: str) -> str:
    """Return a path as the file system lists it: without scheme, with the bucket."""
    parts = urlsplit(path)
    if parts.scheme in ("", "file"):
        return unquote(parts.path)
    return posixpath.join(parts.netloc, parts.path.lstrip("/"))


def _commit(table: "Table", change: Callable[[], int]) -> int:
    """Make a change of the metadata, again if another commit came between."""
    from pyiceberg.exceptions import CommitFailedException  # noqa: PLC0415 - an extra

    for _ in range(_COMMITS):
        table.refresh()
        try:
            return change()
        except CommitFailedException:
            continue
    message = (
        f"{'.'.join(table.name())} was changed by other runs all the time. Launch the maintenance again."
    )
    raise UnavailableError(message)
