"""Checks on the ERP's customers."""

import pandas as pd


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
