"""Validates a day's orders and joins their customers: the step from raw to silver."""

from collections.abc import Iterable

import pandas as pd

from sales_assets.transforms.amounts import refuse_duplicate_orders, refuse_negative_amounts
from sales_assets.transforms.customers import refuse_duplicate_customers

CUSTOMER_COLUMNS = ("city", "segment")
"""The customer columns in silver: no personal data."""


def validate_and_enrich(orders: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Check orders and add city and segment of their customers.

    Args:
        orders: One row per order: `order_id`, `customer_id` (may be null), amounts; any other columns.
        customers: `id`, `city`, `segment`. If both frames have `snapshot_date`, a customer's row holds for
            that day's orders only; otherwise `id` must be unique.

    Returns:
        The orders with `city` and `segment`, null where the customer is null or unknown; in the order given.

    Raises:
        ValueError: "Negative amounts found", "Duplicate orders found" or "Duplicate customers found", each
            with the first ids.
    """
    validate(orders)
    return enrich(orders, customers)[0]


def validate(orders: pd.DataFrame) -> None:
    """Refuse negative amounts and duplicate orders; see `validate_and_enrich`."""
    refuse_negative_amounts(orders)
    refuse_duplicate_orders(orders)


def enrich(orders: pd.DataFrame, customers: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Add city and segment to validated orders.

    Args:
        orders: As for `validate_and_enrich`.
        customers: As for `validate_and_enrich`.

    Returns:
        The orders with their columns, and for each whether it has no customer: its id is null, or not among
        the customers of its day.
    """
    refuse_duplicate_customers(customers[["id", *_day_column(orders, customers)]])
    bare = orders.drop(columns=[column for column in CUSTOMER_COLUMNS if column in orders])
    joined = _join_customers(bare, customers.assign(is_known=True), [*CUSTOMER_COLUMNS, "is_known"])
    return joined.drop(columns="is_known"), joined["is_known"].isna()


def count_matches(
    is_lost: pd.Series, days: pd.Series, window: Iterable[str]
) -> dict[pd.Timestamp, dict[str, float]]:
    """How many orders have a customer, by business day.

    Args:
        is_lost: Whether an order has no customer; see `enrich`.
        days: The business day of each order.
        window: The days to report, with or without orders.

    Returns:
        For each day `unmatched_customers` and `match_rate`.
    """
    found = is_lost.groupby(days).agg(["sum", "mean"]).reindex(pd.to_datetime(list(window)), fill_value=0)
    return {
        day: {"unmatched_customers": int(unmatched), "match_rate": float(1 - share)}
        for day, unmatched, share in zip(found.index, found["sum"], found["mean"], strict=True)
    }


def _join_customers(orders: pd.DataFrame, customers: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Orders with columns of their customers, joined by id and, if both frames have it, by day."""
    key = ["customer_id", *_day_column(orders, customers)]
    known = customers.rename(columns={"id": "customer_id"})[[*key, *columns]]
    if orders["customer_id"].isna().all():
        return orders.assign(**dict.fromkeys(columns))
    return orders.merge(known, how="left", on=key).set_axis(orders.index)


def _day_column(orders: pd.DataFrame, customers: pd.DataFrame) -> list[str]:
    """The column to join by besides the id, if both frames have it."""
    return [name for name in ("snapshot_date",) if name in orders and name in customers]
