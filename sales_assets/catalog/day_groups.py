"""Divides the days of a range into groups that fit into memory; a group is read, stored and recorded at once.

How a group is read and stored belongs to the assets and the warehouse.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sales_assets.catalog.partitions import Window, window_between
from sales_assets.transforms.day_ranges import group_days, merge_days

ROWS_PER_GROUP = 250_000
"""The most rows that a group has, unless a single day has more."""


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
