"""Compares the sales of the ERP with those of gold, day by day and to the last digit."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import pandas as pd

CHANGED_AFTER_LOAD = "changed in the ERP after its load"
NEVER_LOADED = "never loaded"
UNEXPLAINED = "differs although nothing changed since its load"
WITHOUT_AMOUNT = "has rejected orders whose amount cannot be stored, so only numbers are compared"
NO_ERP_ORDERS = "the ERP no longer has orders for it"

_DIFFERENCE_COLUMNS = [
    "day",
    "erp_sales",
    "gold_sales",
    "erp_amount",
    "gold_amount",
    "rejected",
    "rejected_amount",
    "reason",
]


def compare_sales(
    erp: pd.DataFrame, gold: pd.DataFrame, rejected: pd.DataFrame, loaded_at: Mapping[str, datetime]
) -> pd.DataFrame:
    """Find the days on which the ERP has other sales than gold and the rejected orders together.

    Args:
        erp: By `day` (text): `orders` of any status, `sales`, their `total_amount` as text, `changed_at`.
        gold: By `day`: `sales`, and their `total_amount` as text.
        rejected: By `day`: `rejected` orders, their `rejected_amount` as text, how many are `without_amount`.
        loaded_at: When each day was last loaded from the ERP; without the days that never were.

    Returns:
        By day, in order: `erp_sales`, `gold_sales`, `erp_amount`, `gold_amount`, `rejected`,
        `rejected_amount` and `reason`; amounts are decimals.
    """
    both = erp.merge(gold, how="outer", on="day", suffixes=("_erp", "_gold"))
    both = both.merge(rejected, how="outer", on="day").sort_values("day")
    both = both.assign(
        rejected=_to_counts(both["rejected"]),
        without_amount=_to_counts(both["without_amount"]),
        rejected_amount=_to_decimals(both["rejected_amount"]),
        erp_sales=_to_counts(both["sales_erp"]),
        gold_sales=_to_counts(both["sales_gold"]),
        erp_amount=_to_decimals(both["total_amount_erp"]),
        gold_amount=_to_decimals(both["total_amount_gold"]),
    )
    has_other_number = both["erp_sales"] != both["gold_sales"] + both["rejected"]
    has_other_amount = both["erp_amount"] != both["gold_amount"] + both["rejected_amount"]
    differences = both[has_other_number | has_other_amount].copy()
    facts = zip(differences["day"], differences["orders"], differences["changed_at"], strict=True)
    reasons = [_find_reason(orders, changed_at, loaded_at.get(day)) for day, orders, changed_at in facts]
    differences["reason"] = pd.Series(reasons, index=differences.index, dtype=object)
    is_incomparable = (
        ~has_other_number & (both["without_amount"] > 0) & (differences["reason"] == UNEXPLAINED)
    )
    differences.loc[is_incomparable, "reason"] = WITHOUT_AMOUNT
    return differences[_DIFFERENCE_COLUMNS].reset_index(drop=True)


def _to_counts(numbers: pd.Series) -> pd.Series:
    return numbers.fillna(0).astype("int64")


def _to_decimals(amounts: pd.Series) -> pd.Series:
    return amounts.fillna("0").map(Decimal).astype(object)


def _find_reason(orders: int | None, changed_at: datetime, loaded_at: datetime | None) -> str:
    if pd.isna(orders):
        return NO_ERP_ORDERS
    if loaded_at is None:
        return NEVER_LOADED
    return CHANGED_AFTER_LOAD if changed_at > loaded_at else UNEXPLAINED
