"""Which of the ERP's orders are sales, and what is known of the others."""

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

KNOWN_STATUSES = frozenset({"pending", "completed", "shipped", "cancelled", "refunded"})
"""The statuses that the ERP had when this was written; it may add others."""


@dataclass(frozen=True)
class Selection:
    """Orders that count as sales.

    Attributes:
        orders: The orders whose status qualifies.
        left_out: How many orders have each of the other statuses.
    """

    orders: pd.DataFrame
    left_out: dict[str, int]

    @property
    def unknown_statuses(self) -> dict[str, int]:
        """Those of `left_out` that nobody has decided about yet."""
        return {status: count for status, count in self.left_out.items() if status not in KNOWN_STATUSES}


def select_orders(extracted: pd.DataFrame, statuses: Collection[str]) -> Selection:
    """Keep the orders whose status qualifies.

    Args:
        extracted: Orders of any status. Without a `status` column all of them are kept.
        statuses: The statuses that qualify.
    """
    if "status" not in extracted:
        return Selection(extracted, {})
    qualifies = extracted["status"].isin(list(statuses))
    counts = extracted.loc[~qualifies, "status"].value_counts()
    return Selection(extracted[qualifies], {str(status): int(count) for status, count in counts.items()})
