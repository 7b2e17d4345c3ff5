"""When the days of each table were read from their source, so that older rows never replace newer ones.

Runs of the same day may overlap: one reads first and writes last. Each write of business days remembers when
its rows were read, in its own transaction, and leaves days as they are whose stored rows were read later. A
day without such a memory is older than anything. Connection and transaction are the engine's.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

import dagster as dg

from sales_assets.catalog.contracts import required
from sales_assets.warehouse.slices import Slice, Value, Windows
from sales_assets.warehouse.statements import Dialect

READINGS = Slice("raw", "sales_readings")

READINGS_CONTRACT = dg.TableSchema(
    columns=[
        required("table_name", "VARCHAR", "The table, with its schema."),
        required("start_at", "TIMESTAMP", "The first instant of the days that were stored, UTC."),
        required("end_at", "TIMESTAMP", "The first instant after them, UTC."),
        required("read_at", "TIMESTAMP", "When their rows were read, by the clock of their source, UTC."),
    ]
)

Execute = Callable[[str, list[Value]], Sequence[Sequence[Any]]]
"""Executes a statement in the write's transaction and returns its rows, if it has any."""


@dataclass(frozen=True)
class Reading:
    """When the rows of a window of days were read.

    Attributes:
        start: The first instant of the window, UTC.
        end: The first instant after it, UTC.
        read_at: When the rows were read, UTC.
    """

    start: datetime
    end: datetime
    read_at: datetime

    def covers(self, start: Value) -> bool:
        """Whether a day is in the window, by the value at which it starts."""
        return self.start <= _to_instant(start) < self.end


def find_windows(slice_: Slice) -> Windows | None:
    """Find the days of a slice; None if its partitions are not days, or not days alone."""
    match slice_.dimensions:
        case (Windows() as windows,):
            return windows
    return None


def remember_reading(execute: Execute, dialect: Dialect, slice_: Slice, read_at: datetime) -> list[Reading]:
    """Remember when the days of a slice are read, except for those whose stored rows were read later.

    Args:
        execute: Of a transaction that no other write to the table overlaps.
        dialect: The engine's.
        slice_: A slice of days.
        read_at: When the rows that are to be stored were read.

    Returns:
        The readings of the days that have to stay as they are.
    """
    (start, *_), (*_, end) = zip(*_list_spans(slice_), strict=True)
    query = (
        f"select start_at, end_at, read_at from {dialect.quote_table(READINGS)} "
        "where table_name = ? and read_at > ? and start_at < ? and end_at > ?"
    )
    rows = execute(query, [slice_.name, _to_utc(read_at), end, start])
    newer = [Reading(*row) for row in rows]
    _record(execute, dialect, leave_out(slice_, newer), read_at)
    return newer


def leave_out(slice_: Slice, newer: Iterable[Reading]) -> Slice:
    """Return the days of a slice that no newer reading covers; all of them without one."""
    windows = find_windows(slice_)
    if windows is None:
        return slice_
    rest = _list_spans(slice_)
    for reading in newer:
        before = [(start, min(end, reading.start)) for start, end in rest]
        after = [(max(start, reading.end), end) for start, end in rest]
        rest = sorted((start, end) for start, end in before + after if start < end)
    kept = tuple((_to_bound(start, windows), _to_bound(end, windows)) for start, end in rest)
    return replace(slice_, dimensions=(replace(windows, windows=kept),))


def _record(execute: Execute, dialect: Dialect, slice_: Slice, read_at: datetime) -> None:
    """Store the reading of a slice, in place of those of the same days."""
    table, columns = dialect.quote_table(READINGS), dialect.quote_columns(READINGS_CONTRACT)
    forget = (
        f"delete from {table} where table_name = ? and start_at >= ? and end_at <= ? and start_at < end_at"
    )
    remember = f"insert into {table} ({columns}) values (?, ?, ?, ?)"
    for start, end in _list_spans(slice_):
        execute(forget, [slice_.name, start, end])
        execute(remember, [slice_.name, start, end, _to_utc(read_at)])


def _list_spans(slice_: Slice) -> list[tuple[datetime, datetime]]:
    windows = find_windows(slice_)
    return [(_to_instant(start), _to_instant(end)) for start, end in (windows.windows if windows else ())]


def _to_instant(value: Value) -> datetime:
    """The instant of a window's bound; a day of a DATE column counts as its midnight."""
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time()) if isinstance(value, date) else datetime.fromisoformat(value)


def _to_bound(instant: datetime, windows: Windows) -> Value:
    return instant.date() if windows.type_ == "DATE" else instant


def _to_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
