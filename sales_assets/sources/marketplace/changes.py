"""The cursor of the bucket's sensor: which versions of which files were found, and where the listing goes on.

S3 lists by key, not by time. An overwritten file keeps its place, and a new key may sort anywhere, so only a
complete pass over all keys finds every new version. One tick lists `PAGES_PER_TICK` pages at most, and the
next tick goes on after the last key: a tick costs the same however many files there are. Up to
`PAGES_PER_TICK` thousand files, every tick sees all of them. With more, every tick also lists the keys that
sort after all known keys, because keys with a date in them do.

For every version that is in the bucket, the cursor keeps a mark of eight bytes. Modification times cannot
replace the marks: S3 dates a large upload by its start.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, TypeAdapter

from sales_assets.sources.marketplace.bucket import Version
from sales_assets.sources.marketplace.order_files import is_order_file

PAGES_PER_TICK = 10
FILES_PER_TICK = 100
"""How many new files a tick returns at most; the next ticks return the rest."""

_MARK_BYTES = 8

ListPage = Callable[[str], tuple[list[Version], bool]]
"""Returns the files after a key, and whether there are more: `Bucket.list_page`."""


def _pack(marks: set[bytes]) -> str:
    return base64.b64encode(b"".join(sorted(marks))).decode()


def _unpack(text: str) -> set[bytes]:
    packed = base64.b64decode(text)
    return {packed[start : start + _MARK_BYTES] for start in range(0, len(packed), _MARK_BYTES)}


_Marks = Annotated[set[bytes], PlainSerializer(_pack), PlainValidator(_unpack)]
"""Stored as base64: eleven characters per file, a megabyte for a hundred thousand files."""


@dataclass(frozen=True)
class NewFiles:
    """The versions that a tick found.

    Attributes:
        files: Order files, each version once.
        others: Objects that are not order files, such as folders; returned once, like files.
    """

    files: list[Version] = field(default_factory=list)
    others: list[Version] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether the rest must wait for the next tick."""
        return len(self.files) >= FILES_PER_TICK


@dataclass
class BucketCursor:
    """What the sensor remembers between ticks.

    Attributes:
        known: Marks of versions that earlier passes listed, and the current pass has not listed yet.
        listed: Marks of versions that the current pass listed. Together with `known`, they are all
            versions that were found and are still in the bucket.
        after: The key after which the pass goes on; empty at its start.
        last: The greatest key found so far.
        built: The event log id of the latest load that a run of the marts was requested for.
        waited: For how many ticks the marts have been waiting for loads to finish.
    """

    known: _Marks = field(default_factory=set)
    listed: _Marks = field(default_factory=set)
    after: str = ""
    last: str = ""
    built: int = 0
    waited: int = 0

    @classmethod
    def from_json(cls, text: str) -> "BucketCursor":
        """Read what `to_json` wrote."""
        stored: dict[str, Any] = json.loads(text)
        if "sweep" in stored:  # a cursor that was stored before the listing and the marts shared one object
            listing = stored.pop("sweep")
            stored |= listing | {"listed": listing["met"]}
        return _CURSOR_JSON.validate_python(stored)

    def to_json(self) -> str:
        """Write the cursor as Dagster stores it."""
        return _CURSOR_JSON.dump_json(self).decode()

    def new_and_advance(self, list_page: ListPage) -> tuple[NewFiles, "BucketCursor"]:
        """Return the new versions, and the cursor after the tick.

        Both in one call, because they come from one listing: the files that fit into this tick decide
        where the next one goes on.

        Args:
            list_page: Lists the bucket.
        """
        new = NewFiles()
        cursor = replace(self, known=set(self.known), listed=set(self.listed))
        is_complete = _list_pages(cursor, list_page, new)
        cursor.last = max(cursor.last, cursor.after)
        if not is_complete and not new.is_full:
            _list_end(cursor, list_page, new)
        if is_complete:
            # Versions that the pass did not list are gone from the bucket, so their marks are dropped.
            cursor.known, cursor.listed, cursor.after = cursor.listed, set(), ""
        return new, cursor


_CURSOR_JSON = TypeAdapter(BucketCursor)


def _compute_mark(version: Version) -> bytes:
    text = f"{version.key}\n{version.etag}\n{version.modified.isoformat()}\n{version.size}"
    return hashlib.sha256(text.encode()).digest()[:_MARK_BYTES]


def _list_pages(cursor: BucketCursor, list_page: ListPage, new: NewFiles) -> bool:
    """Continue the pass; return whether it is complete."""
    for _ in range(PAGES_PER_TICK):
        versions, has_more = list_page(cursor.after)
        for version in _take(versions, cursor, new):
            cursor.after = version.key
        if new.is_full:
            return False
        if not has_more:
            return True
    return False


def _list_end(cursor: BucketCursor, list_page: ListPage, new: NewFiles) -> None:
    """List the keys that sort after all known keys."""
    versions, _ = list_page(cursor.last)
    for version in _take(versions, cursor, new):
        cursor.last = version.key


def _take(versions: list[Version], cursor: BucketCursor, new: NewFiles) -> Iterator[Version]:
    """Mark versions as listed, collect the new ones, and yield each, until the tick is full."""
    for version in versions:
        mark = _compute_mark(version)
        if mark not in cursor.known and mark not in cursor.listed:
            (new.files if is_order_file(version.key) else new.others).append(version)
        cursor.known.discard(mark)
        cursor.listed.add(mark)
        yield version
        if new.is_full:
            return
