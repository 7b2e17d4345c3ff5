"""Which of the ERP's orders are sales, and how many are excluded."""

from collections.abc import Collection

import pandas as pd

from sales_assets.redaction import cut_text

SALES_STATUSES = ("completed", "shipped")
"""The statuses that count as sales, unless the config of the run that loads a day has others."""

KNOWN_STATUSES = frozenset({"pending", "completed", "shipped", "cancelled", "refunded"})
"""The statuses that the ERP is known to have; it may add others."""

EXCLUDED = "excluded_by_status"
"""Metadata of a load: how many orders of the day are no sales, by status."""


def is_sale(extracted: pd.DataFrame, statuses: Collection[str]) -> pd.Series:
    """Which orders count as sales.

    Args:
        extracted: Orders of any status. Without a `status` column all of them count.
        statuses: The statuses that count.

    Returns:
        A boolean per order.
    """
    if "status" not in extracted:
        return pd.Series(data=True, index=extracted.index)
    return extracted["status"].isin(list(statuses))


def has_sale(extracted: pd.DataFrame, days: pd.Series, statuses: Collection[str]) -> pd.Series:
    """Which orders count as sales in one of the rows that the ERP lists of them on a day.

    Args:
        extracted: `order_id`, and as for `is_sale`.
        days: The business day of each order.
        statuses: The statuses that count.

    Returns:
        A boolean per order.
    """
    sales = is_sale(extracted, statuses)
    return sales.groupby([extracted["order_id"], days], dropna=False).transform("any")


def count_excluded(
    extracted: pd.DataFrame, days: pd.Series, statuses: Collection[str]
) -> dict[pd.Timestamp, dict[str, dict[str, int]]]:
    """How many orders are excluded, by business day and status.

    Args:
        extracted: As for `is_sale`.
        days: The business day of each order.
        statuses: The statuses that count.

    Returns:
        For each day `excluded_by_status`, and `unknown_statuses`: those not in `KNOWN_STATUSES`.
    """
    excluded: dict[pd.Timestamp, dict[str, int]] = {day: {} for day in days.unique()}
    if "status" in extracted:
        is_other = ~is_sale(extracted, statuses)
        others = pd.DataFrame(
            {"day": days[is_other], "status": extracted.loc[is_other, "status"].fillna("none")}
        )
        for day, status, count in others.value_counts().reset_index().itertuples(index=False):
            name = cut_text(str(status))
            excluded[day][name] = excluded[day].get(name, 0) + int(count)
    return {
        day: {
            EXCLUDED: counts,
            "unknown_statuses": {name: n for name, n in counts.items() if name not in KNOWN_STATUSES},
        }
        for day, counts in excluded.items()
    }
