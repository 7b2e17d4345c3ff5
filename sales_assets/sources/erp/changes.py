"""Which business days have to be loaded again, because rows of theirs changed in the ERP.

A watermark alone would miss what commits late with an earlier time, and a repeated look would see the
same change twice. So the last half hour is looked at again each time, minute by minute, and a day counts
only where a minute has more or other changes than it had.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

OVERLAP = timedelta(minutes=30)
"""How long a transaction of the ERP may take between writing a row and committing it."""

COLUMNS = ("kind", "day", "minute", "changes", "checksum")

Minute = tuple[str, str, str]
Seen = tuple[int, int]


@dataclass(frozen=True)
class Watermark:
    """Up to where the ERP's changes were followed.

    Attributes:
        asked_at: The ERP's time when it was last asked.
        seen: Number and checksum of the changes of each kind, day and minute within the overlap.
    """

    asked_at: datetime
    seen: Mapping[Minute, Seen]

    @property
    def since(self) -> datetime:
        """From when on to ask, at a full minute."""
        return (self.asked_at - OVERLAP).replace(second=0, microsecond=0)


@dataclass(frozen=True)
class Look:
    """What one look at the ERP found.

    Attributes:
        fresh: The changes that were not seen before.
        after: Where the look ends.
    """

    fresh: Mapping[Minute, Seen]
    after: Watermark

    @property
    def days(self) -> list[str]:
        """The business days with fresh changes, in order."""
        return sorted({day for _, day, _ in self.fresh})

    def fingerprint(self, first: str, last: str) -> str:
        """Short text that is the same for the same fresh changes of some days, and for no others."""
        of_days = sorted(
            (*minute, *seen) for minute, seen in self.fresh.items() if first <= minute[1] <= last
        )
        return hashlib.sha256(repr(of_days).encode()).hexdigest()[:16]


def follow(before: Watermark, changes: pd.DataFrame, asked_at: datetime) -> Look:
    """Compare what the ERP says with what was seen.

    Args:
        before: Where the last look ended; `changes` are those since its `since`.
        changes: kind, day, minute (UTC), changes, checksum; one row for each kind, day and minute.
        asked_at: The ERP's time just before it was asked.
    """
    found: dict[Minute, Seen] = {
        (kind, day, minute.isoformat()): (int(count), int(checksum))
        for kind, day, minute, count, checksum in zip(*(changes[name] for name in COLUMNS), strict=True)
    }
    fresh = {
        minute: now
        for minute, now in found.items()
        if now != before.seen.get(minute) and now[0] >= before.seen.get(minute, (0, 0))[0]
    }
    overlap = Watermark(asked_at, {}).since
    kept = {minute: seen for minute, seen in found.items() if pd.Timestamp(minute[2]) >= overlap}
    return Look(fresh, Watermark(asked_at, kept))
