"""Sets of business days as half-open ranges, for filters, groups and texts. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta


def merge_days(days: Iterable[date]) -> list[tuple[date, date]]:
    """The fewest half-open ranges that contain exactly some days, in order."""
    merged: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        start = merged.pop()[0] if merged and merged[-1][1] == day else day
        merged.append((start, day + timedelta(days=1)))
    return merged


def group_days(counts: Mapping[date, int], at_most: int) -> list[list[date]]:
    """Group days, in order, so that a group has no more than so many rows; a single day may have more.

    Args:
        counts: The number of rows of each day.
        at_most: The number of rows of a group.
    """
    groups: list[list[date]] = []
    rows = 0
    for day in sorted(counts):
        if not groups or rows + counts[day] > at_most:
            groups.append([])
            rows = 0
        groups[-1].append(day)
        rows += counts[day]
    return groups


def format_day_ranges(days: Iterable[date]) -> str:
    """Format days for a snapshot's summary: `2026-11-01..2026-11-30, 2026-12-02`."""
    lasts = [(start, after - timedelta(days=1)) for start, after in merge_days(days)]
    return ", ".join(f"{first}" if first == last else f"{first}..{last}" for first, last in lasts)
