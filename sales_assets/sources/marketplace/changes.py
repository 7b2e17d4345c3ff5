"""Which versions of which files are new: a listing of the bucket, bounded in each look, that misses none.

S3 lists by key alone, not by time. A file that is overwritten keeps its place, and one may come late under a
key that sorts early, so only a whole listing finds everything. It is made as a sweep over many looks, each of
them `SWEEP_PAGES` at most and going on where the last one stopped. What sorts after every key so far, as keys
with a date in them do, is looked for in each look as well. So a look costs the same however many files there
are; up to `SWEEP_PAGES` thousand files, it sees all of them.

Every version has a mark of eight bytes, kept for as long as the bucket has the version: times are no measure,
for S3 dates a large upload by its beginning.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sales_assets.sources.marketplace.bucket import Version
from sales_assets.sources.marketplace.order_files import is_order_file

SWEEP_PAGES = 10
MAX_FILES = 100
"""How many files a look finds at most; the others are found by the next ones."""

_MARK_BYTES = 8

Page = Callable[[str], tuple[list[Version], bool]]
"""Gives the files after a key, and whether there are more: `Bucket.page`."""


@dataclass
class Sweep:
    """How far the bucket has been looked through.

    Attributes:
        known: Marks of versions that were met, but not yet in the sweep under way.
        met: Marks of those that were; together they are all that was ever found and is still there.
        after: The key where the sweep goes on; empty at its start.
        last: The greatest key that was found.
    """

    known: set[bytes] = field(default_factory=set)
    met: set[bytes] = field(default_factory=set)
    after: str = ""
    last: str = ""

    @classmethod
    def parsed(cls, stored: Mapping[str, Any]) -> "Sweep":
        """What `stored` gave."""
        return cls(_unpacked(stored["known"]), _unpacked(stored["met"]), stored["after"], stored["last"])

    def stored(self) -> dict[str, str]:
        """As JSON takes it: eleven letters for each file, a megabyte for a hundred thousand."""
        packed = {"known": _packed(self.known), "met": _packed(self.met)}
        return {**packed, "after": self.after, "last": self.last}

    def look(self, page: Page) -> "Found":
        """Look on, and remember what was found.

        Args:
            page: Lists the bucket.
        """
        found = Found([], [])
        ended = self._sweep(page, found)
        self.last = max(self.last, self.after)
        if not ended and not found.is_full:
            self._look_at_the_end(page, found)
        if ended:
            # What was not met again is gone from the bucket, and forgotten.
            self.known, self.met, self.after = self.met, set(), ""
        return found

    def _sweep(self, page: Page, found: "Found") -> bool:
        for _ in range(SWEEP_PAGES):
            versions, more = page(self.after)
            for version in self._taken(versions, found):
                self.after = version.key
            if found.is_full:
                return False
            if not more:
                return True
        return False

    def _look_at_the_end(self, page: Page, found: "Found") -> None:
        versions, _ = page(self.last)
        for version in self._taken(versions, found):
            self.last = version.key

    def _taken(self, versions: list[Version], found: "Found") -> Iterator[Version]:
        """The versions, as far as there is room for those that are new."""
        for version in versions:
            mark = _mark(version)
            if mark not in self.known and mark not in self.met:
                (found.files if is_order_file(version.key) else found.others).append(version)
            self.known.discard(mark)
            self.met.add(mark)
            yield version
            if found.is_full:
                return


@dataclass(frozen=True)
class Found:
    """What a look found that was not there before.

    Attributes:
        files: Order files, each version once.
        others: Objects that are none, such as folders and files of another kind; told once, then left alone.
    """

    files: list[Version]
    others: list[Version]

    @property
    def is_full(self) -> bool:
        """Whether the rest is left to the next look."""
        return len(self.files) >= MAX_FILES


def _mark(version: Version) -> bytes:
    text = f"{version.key}\n{version.etag}\n{version.modified.isoformat()}\n{version.size}"
    return hashlib.sha256(text.encode()).digest()[:_MARK_BYTES]


def _packed(marks: set[bytes]) -> str:
    return base64.b64encode(b"".join(sorted(marks))).decode()


def _unpacked(text: str) -> set[bytes]:
    packed = base64.b64decode(text)
    return {packed[start : start + _MARK_BYTES] for start in range(0, len(packed), _MARK_BYTES)}
