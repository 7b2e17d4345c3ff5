"""Divides the days of a range into groups that fit into memory; a group is read, stored and recorded at once.

How a group is read and stored belongs to the assets and the warehouse.
"""

from collections.abc import Mapping, Sequence

from sales_assets.catalog.partitions import Window, window_between

ROWS_PER_GROUP = 250_000
"""The most rows that a group has, unless a single day has more."""


def divide_days(
    days: Sequence[str], rows_by_day: Mapping[str, int], max_rows: int | None = None
) -> list[Window]:
    """Divide days into windows of consecutive days.

    Args:
        days: The days, in order; where one is left out, a window ends.
        rows_by_day: How many rows each day has, about; a day that is absent has none.
        max_rows: The most rows of a window of several days; None for `ROWS_PER_GROUP`.
    """
    limit = ROWS_PER_GROUP if max_rows is None else max_rows
    groups: list[list[str]] = []
    rows = 0
    for day in days:
        rows += rows_by_day.get(day, 0)
        is_next = bool(groups) and window_between(groups[-1][-1], day).days == (groups[-1][-1], day)
        if is_next and rows <= limit:
            groups[-1].append(day)
        else:
            groups.append([day])
            rows = rows_by_day.get(day, 0)
    return [window_between(group[0], group[-1]) for group in groups]
