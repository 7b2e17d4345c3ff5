"""Which of the ERP's orders are sales, and what is known of the others."""

from collections.abc import Collection

import pandas as pd

SALES_STATUSES = ("completed", "shipped")
"""The statuses that count as sales, unless a run says otherwise."""

KNOWN_STATUSES = frozenset({"pending", "completed", "shipped", "cancelled", "refunded"})
"""The statuses that the ERP had when this was written; it may add others."""


def select_orders(extracted: pd.DataFrame, statuses: Collection[str]) -> pd.DataFrame:
    """Keep the orders whose status qualifies.

    Args:
        extracted: Orders of any status. Without a `status` column all of them are kept.
        statuses: The statuses that qualify.
    """
    return extracted[_qualifies(extracted, statuses)]


def left_out_statuses(extracted: pd.DataFrame, statuses: Collection[str]) -> dict[str, dict[str, int]]:
    """How many orders were left out, by status.

    Args:
        extracted: As for `select_orders`.
        statuses: The statuses that qualify.

    Returns:
        `left_out_by_status`, and those of `unknown_statuses` that nobody has decided about yet.
    """
    others = extracted[~_qualifies(extracted, statuses)]
    counts = others["status"].value_counts() if "status" in others else pd.Series(dtype=int)
    left_out = {str(status): int(count) for status, count in counts.items()}
    unknown = {status: count for status, count in left_out.items() if status not in KNOWN_STATUSES}
    return {"left_out_by_status": left_out, "unknown_statuses": unknown}


def _qualifies(extracted: pd.DataFrame, statuses: Collection[str]) -> pd.Series:
    if "status" not in extracted:
        return pd.Series(data=True, index=extracted.index)
    return extracted["status"].isin(list(statuses))
