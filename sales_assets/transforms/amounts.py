"""Checks on amounts of money, and how the orders that fail them are named."""

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
    amounts = orders[[column for column in AMOUNT_COLUMNS if column in orders]]
    unstorable = ~(amounts.abs() <= LARGEST_AMOUNT).all(axis="columns")
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
    amounts = orders[[column for column in AMOUNT_COLUMNS if column in orders]]
    negative = (amounts < 0).any(axis="columns")
    if negative.any():
        message = f"Negative amounts found in {format_orders(orders[negative])}."
        raise ValueError(message)


def format_orders(orders: pd.DataFrame) -> str:
    """The number of orders and the ids of the first five, for an error message."""
    ids = orders["order_id"].drop_duplicates()
    more = " …" if len(ids) > 5 else ""
    return f"{len(ids)} order(s): {', '.join(map(str, ids.head()))}{more}"
