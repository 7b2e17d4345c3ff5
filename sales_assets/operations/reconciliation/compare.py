"""Compares what the ERP sold with what gold has of it, day by day and to the last digit."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import pandas as pd

CHANGED = "changed in the ERP after its load"
NEVER_LOADED = "never loaded"
DIFFERENT = "differs although nothing changed since its load"
GONE = "the ERP has no order of it any more"


def compare_sales(erp: pd.DataFrame, gold: pd.DataFrame, loaded: Mapping[str, datetime]) -> pd.DataFrame:
    """The days on which the ERP and gold disagree.

    Args:
        erp: By `day` (text): `orders` of any status, `sales`, their `total_amount` as text, `changed_at`.
        gold: By `day`: `sales`, and their `total_amount` as text.
        loaded: When each day was last loaded from the ERP; not there for one that never was.

    Returns:
        By day, in order: `erp_sales`, `gold_sales`, `erp_amount` and `gold_amount` (exact), and the `reason`.
    """
    both = erp.merge(gold, how="outer", on="day", suffixes=("_erp", "_gold")).sort_values("day")
    both = both.assign(
        erp_sales=_count(both["sales_erp"]),
        gold_sales=_count(both["sales_gold"]),
        erp_amount=_exact(both["total_amount_erp"]),
        gold_amount=_exact(both["total_amount_gold"]),
    )
    unequal = (both["erp_sales"] != both["gold_sales"]) | (both["erp_amount"] != both["gold_amount"])
    found = both[unequal].copy()
    reasons = [
        _reason(orders, changed_at, loaded.get(day))
        for day, orders, changed_at in zip(found["day"], found["orders"], found["changed_at"], strict=True)
    ]
    found["reason"] = pd.Series(reasons, index=found.index, dtype=object)
    columns = ["day", "erp_sales", "gold_sales", "erp_amount", "gold_amount", "reason"]
    return found[columns].reset_index(drop=True)


def _count(numbers: pd.Series) -> pd.Series:
    return numbers.fillna(0).astype("int64")


def _exact(amounts: pd.Series) -> pd.Series:
    return amounts.fillna("0").map(Decimal).astype(object)


def _reason(orders: int | None, changed_at: datetime, loaded_at: datetime | None) -> str:
    if pd.isna(orders):
        return GONE
    if loaded_at is None:
        return NEVER_LOADED
    return CHANGED if changed_at > loaded_at else DIFFERENT
