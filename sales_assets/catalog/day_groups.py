"""Which days fit into memory together, and which day does not even alone.

A range is divided into groups of days; a group is read, stored and recorded at once. A day that is too large
is read, checked and stored in chunks.

How a group is read and stored belongs to the assets and the warehouse.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sales_assets.catalog.partitions import Window, window_between
from sales_assets.transforms.day_ranges import group_days, merge_days

ROWS_PER_GROUP = 250_000
"""The most rows that a group has, unless a single day has more."""

LARGEST_DAY_IN_MEMORY = 250_000
"""The most rows of a day that is a frame; a larger one is never in memory as a whole."""


def divide_days(days: Sequence[str], rows_by_day: Mapping[str, int]) -> list[Window]:
    """Divide days into windows of consecutive days.

    Args:
        days: The days, in order; where one is left out, a window ends.
        rows_by_day: How many rows each day has, about; a day that is absent has none.
    """
    counts = {date.fromisoformat(day): rows_by_day.get(day, 0) for day in days}
    return [
        window_between(first.isoformat(), (after - timedelta(days=1)).isoformat())
        for group in group_days(counts, ROWS_PER_GROUP)
        for first, after in merge_days(group)
    ]


def find_large_days(days: Sequence[str], rows_by_day: Mapping[str, int]) -> frozenset[str]:
    """The days that do not fit into memory.

    Args:
        days: The days of a run.
        rows_by_day: See `divide_days`. If there is only one day, all rows are of it.
    """
    counts = {days[0]: sum(rows_by_day.values())} if len(days) == 1 else rows_by_day
    return frozenset(day for day in days if counts.get(day, 0) > LARGEST_DAY_IN_MEMORY)
