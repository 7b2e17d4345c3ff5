"""The cursor of the ERP sensor: up to when changes were read, and which changes the last tick saw.

A timestamp alone would miss a transaction that commits late with an earlier time, so every tick reads the
last half hour again. The cursor keeps the changes of that half hour per minute; a minute counts as new only
if its changes differ from those seen before.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd
from pydantic import TypeAdapter

CHANGE_OVERLAP = timedelta(minutes=30)
"""How long a transaction of the ERP may take between writing a row and committing it."""


class ChangedMinute(NamedTuple):
    """The changes of one kind that affect one business day and were made within one minute.

    Attributes:
        kind: `order` or `customer`.
        day: The business day that they affect.
        minute: When they were made, in UTC, as ISO text.
        changes: How many rows changed.
        checksum: Differs if other rows changed, or the same rows at another time.
    """

    kind: str
    day: str
    minute: str
    changes: int
    checksum: int


@dataclass(frozen=True)
class ErpCursor:
    """What the sensor remembers between ticks.

    Attributes:
        asked_at: The ERP's time at the last tick.
        seen: The changes within the overlap before that time.
    """

    asked_at: datetime
    seen: tuple[ChangedMinute, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> "ErpCursor":
        """Read what `to_json` wrote."""
        return _CURSOR_JSON.validate_json(text)

    def to_json(self) -> str:
        """Write the cursor as Dagster stores it."""
        return _CURSOR_JSON.dump_json(self).decode()

    @property
    def since(self) -> datetime:
        """The time, at a full minute, from which to ask for changes."""
        return (self.asked_at - CHANGE_OVERLAP).replace(second=0, microsecond=0)

    def new(self, minutes: Iterable[ChangedMinute]) -> list[ChangedMinute]:
        """Return the minutes whose changes were not seen before.

        A row that changes again leaves its old minute for a later one. So a minute with fewer changes than
        before has nothing new.

        Args:
            minutes: The ERP's changes since `since`.
        """
        seen = set(self.seen)
        changes_before = {minute[:3]: minute.changes for minute in self.seen}
        return [
            minute
            for minute in minutes
            if minute not in seen and minute.changes >= changes_before.get(minute[:3], 0)
        ]

    def advance(self, minutes: Iterable[ChangedMinute], asked_at: datetime) -> "ErpCursor":
        """Return the cursor after a tick.

        Args:
            minutes: The ERP's changes since `since`.
            asked_at: The ERP's time just before it was asked for them.
        """
        after = replace(self, asked_at=asked_at)
        recent = (minute for minute in minutes if datetime.fromisoformat(minute.minute) >= after.since)
        return replace(after, seen=tuple(recent))


_CURSOR_JSON = TypeAdapter(ErpCursor)


def read_minutes(rows: pd.DataFrame) -> list[ChangedMinute]:
    """Read the rows of the query `LATE_CHANGES_SQL` that have a day."""
    dated = rows[rows["undated"].isna()]
    columns = (dated[name] for name in ChangedMinute._fields)
    return [
        ChangedMinute(kind, day, minute.isoformat(), int(changes), int(checksum))
        for kind, day, minute, changes, checksum in zip(*columns, strict=True)
    ]


def describe_undated(rows: pd.DataFrame) -> str:
    """Describe the changes of the query `LATE_CHANGES_SQL` that belong to no day; empty if there are none."""
    undated = rows[rows["undated"].notna()]
    return ", ".join(
        f"{changes} {kind}(s) with the first id(s) {ids}"
        for kind, changes, ids in zip(undated["kind"], undated["changes"], undated["undated"], strict=True)
    )


def find_days(minutes: Iterable[ChangedMinute]) -> list[str]:
    """Return the business days that changes affect, in order."""
    return sorted({minute.day for minute in minutes})


def compute_fingerprint(minutes: Sequence[ChangedMinute], first: str, last: str) -> str:
    """Return a short text that is equal for equal changes of a range of days, and differs for all others."""
    in_range = sorted(tuple(minute) for minute in minutes if first <= minute.day <= last)
    return hashlib.sha256(repr(in_range).encode()).hexdigest()[:16]
