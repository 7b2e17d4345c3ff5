"""What is checked and counted of the ERP's orders before they are stored."""

import pandas as pd

from sales_assets.transforms.amounts import refuse_duplicate_orders, refuse_unstorable_amounts
from sales_assets.transforms.timestamps import refuse_unstorable_timestamps

INCOMPLETE_ITEMS = "incomplete_items"
"""The column that counts items of an order without a price or quantity; it is reported and not stored."""


def is_listed_twice(orders: pd.DataFrame, days: pd.Series) -> pd.Series:
    """Which orders the ERP's answer has more than once for the same day.

    Args:
        orders: `order_id`, and any other columns.
        days: The business day of each order.

    Returns:
        A boolean per order.
    """
    return pd.DataFrame({"order_id": orders["order_id"], "day": days}).duplicated(keep=False)


def refuse_unstorable_orders(orders: pd.DataFrame) -> None:
    """Refuse orders of one day that occur twice, and amounts and timestamps that cannot be stored.

    Args:
        orders: `order_id`, and the other columns of the ERP's answer.

    Raises:
        ValueError: The errors of `refuse_duplicate_orders`, `refuse_unstorable_timestamps` and
            `refuse_unstorable_amounts`, each with the first order ids.
    """
    refuse_duplicate_orders(orders)
    refuse_unstorable_timestamps(orders, "order_id", "order")
    refuse_unstorable_amounts(orders)


def count_incomplete_items(orders: pd.DataFrame, days: pd.Series) -> dict[pd.Timestamp, int]:
    """How many items without a price or quantity the orders of each day have; they add nothing to amounts.

    Args:
        orders: Without a column `incomplete_items`, no item is incomplete.
        days: The business day of each order.
    """
    if INCOMPLETE_ITEMS not in orders:
        return {}
    counts = orders[INCOMPLETE_ITEMS].groupby(days).sum()
    return {day: int(count) for day, count in zip(counts.index, counts, strict=True)}
