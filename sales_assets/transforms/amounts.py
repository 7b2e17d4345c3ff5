"""Checks on orders and their amounts of money, and how the orders that fail them are named."""

import pandas as pd

AMOUNT_COLUMNS = ("gross_amount", "total_amount")

LARGEST_AMOUNT = 1e11
"""A float has 15 significant digits: four decimals are exact up to here, and not above."""


def refuse_unstorable_amounts(orders: pd.DataFrame) -> None:
    """Refuse amounts that a float cannot carry exactly, or that are not numbers.

    Args:
        orders: `order_id`, and the amounts in the ERP's currency.

    Raises:
        ValueError: "Amounts above 100000000000 or not a number found", with the first order ids.
    """
    unstorable = has_unstorable_amounts(orders)
    if unstorable.any():
        found = format_orders(orders[unstorable])
        message = f"Amounts above {LARGEST_AMOUNT:.0f} or not a number found in {found}."
        raise ValueError(message)


def refuse_negative_amounts(orders: pd.DataFrame) -> None:
    """Refuse orders with negative amounts.

    Args:
        orders: `order_id`, and the amounts in the ERP's currency.

    Raises:
        ValueError: "Negative amounts found", with the first order ids.
    """
    negative = has_negative_amounts(orders)
    if negative.any():
        message = f"Negative amounts found in {format_orders(orders[negative])}."
        raise ValueError(message)


def has_unstorable_amounts(orders: pd.DataFrame) -> pd.Series:
    """Which orders have an amount that `refuse_unstorable_amounts` refuses."""
    return ~(_select_amounts(orders).abs() <= LARGEST_AMOUNT).all(axis="columns")


def has_negative_amounts(orders: pd.DataFrame) -> pd.Series:
    """Which orders have an amount that `refuse_negative_amounts` refuses."""
    return (_select_amounts(orders) < 0).any(axis="columns")


def refuse_duplicate_orders(orders: pd.DataFrame) -> None:
    """Refuse orders that occur twice: each would count twice.

    Args:
        orders: `order_id`.

    Raises:
        ValueError: "Duplicate orders found", with the first order ids.
    """
    duplicated = orders["order_id"].duplicated(keep=False)
    if duplicated.any():
        message = f"Duplicate orders found, {duplicated.sum()} rows for {format_orders(orders[duplicated])}."
        raise ValueError(message)


def format_orders(orders: pd.DataFrame) -> str:
    """The number of orders and the ids of the first five, for an error message."""
    return format_ids(orders["order_id"], "order")


def format_ids(ids: pd.Series, name: str) -> str:
    """The number of distinct ids and the first five of them, for an error message.

    Args:
        ids: May repeat.
        name: What they identify, such as "order".
    """
    distinct = ids.drop_duplicates()
    more = " …" if len(distinct) > 5 else ""
    return f"{len(distinct)} {name}(s): {', '.join(map(str, distinct.head()))}{more}"


def _select_amounts(orders: pd.DataFrame) -> pd.DataFrame:
    return orders[[column for column in AMOUNT_COLUMNS if column in orders]]
