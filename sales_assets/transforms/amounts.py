"""Which amounts of money can be trusted, and how to name the orders whose amounts cannot."""

import pandas as pd

AMOUNT_COLUMNS = ("gross_amount", "total_amount")

LARGEST_AMOUNT = 1e11
"""A float carries 15 digits: four of them behind the point up to here, and not above."""


def refuse_unstorable_amounts(orders: pd.DataFrame) -> None:
    """Refuse amounts that would lose their last digits on the way, or that are no number.

    Args:
        orders: `order_id`, and the amounts in the ERP's currency.

    Raises:
        ValueError: "Amounts above 100000000000, or that are no number, found", with the first order ids.
    """
    amounts = orders[[column for column in AMOUNT_COLUMNS if column in orders]]
    unstorable = ~(amounts.abs() <= LARGEST_AMOUNT).all(axis="columns")
    if unstorable.any():
        found = format_orders(orders[unstorable])
        message = f"Amounts above {LARGEST_AMOUNT:.0f}, or that are no number, found in {found}."
        raise ValueError(message)


def refuse_negative_amounts(orders: pd.DataFrame) -> None:
    """Refuse orders that would pay the customer.

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
    """How many orders there are and the ids of the first five, for an error's sentence."""
    ids = orders["order_id"].drop_duplicates()
    more = " …" if len(ids) > 5 else ""
    return f"{len(ids)} order(s): {', '.join(map(str, ids.head()))}{more}"
