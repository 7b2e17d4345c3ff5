"""Whether the statuses of a day's orders are plausible: a renamed status must not go unnoticed."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST_UNKNOWN = 0.05
"""The share of a day's orders that one unknown status may have before somebody should look."""


@dataclass(frozen=True)
class StatusCounts:
    """The orders of a business day, as its load counted them.

    Attributes:
        sales: The orders that count as sales.
        excluded: The number of excluded orders by status.
        unknown: As `excluded`, of those statuses that the ERP is not known to have.
    """

    sales: int
    excluded: Mapping[str, int]
    unknown: Mapping[str, int]

    @property
    def orders(self) -> int:
        """The number of orders, of every status."""
        return self.sales + sum(self.excluded.values())


def find_days_without_sales(days: Mapping[str, StatusCounts]) -> list[str]:
    """Return the days with orders of which none is a sale, in order."""
    return sorted(day for day, counts in days.items() if counts.orders and not counts.sales)


def find_frequent_unknown(days: Mapping[str, StatusCounts]) -> dict[str, list[str]]:
    """Return the unknown statuses with more than `MOST_UNKNOWN` of a day's orders, and those days."""
    frequent: dict[str, list[str]] = {}
    for day, counts in sorted(days.items()):
        for status, number in counts.unknown.items():
            if number > MOST_UNKNOWN * counts.orders:
                frequent.setdefault(status, []).append(day)
    return frequent
