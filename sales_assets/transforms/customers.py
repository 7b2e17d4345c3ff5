"""Checks on the ERP's customers."""

from collections.abc import Collection

import pandas as pd

from sales_assets.transforms.timestamps import find_unstorable_timestamps, refuse_unstorable_timestamps


def refuse_unstorable_customers(customers: pd.DataFrame) -> None:
    """Refuse customers that occur twice in a day, and timestamps that cannot be stored.

    Args:
        customers: `id`, and the other columns of the ERP's answer.

    Raises:
        ValueError: The errors of `refuse_duplicate_customers` and `refuse_unstorable_timestamps`.
    """
    refuse_duplicate_customers(customers)
    refuse_unstorable_timestamps(customers, "id", "customer")


def refuse_duplicate_customers(customers: pd.DataFrame) -> None:
    """Refuse customers that occur twice in a day: each would double its orders.

    Args:
        customers: `id`, and `snapshot_date` if they are of several days.

    Raises:
        ValueError: "Duplicate customers found", with the first ids.
    """
    key = [column for column in ("id", "snapshot_date") if column in customers]
    duplicated = customers.loc[customers.duplicated(key), "id"]
    if not duplicated.empty:
        ids = ", ".join(map(str, duplicated.head()))
        message = f"Duplicate customers found, {len(duplicated)} surplus row(s), first ids: {ids}."
        raise ValueError(message)


def is_customer_faulty(customers: pd.DataFrame, repeated: Collection[int]) -> pd.Series:
    """Which customers of a part of a day `refuse_unstorable_customers` refuses.

    Args:
        customers: `id`, and the other columns of the ERP's answer.
        repeated: The ids that the whole day has more than once.
    """
    return customers["id"].isin(repeated) | find_unstorable_timestamps(customers).any(axis="columns")
