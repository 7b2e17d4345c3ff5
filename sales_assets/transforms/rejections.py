"""Which orders of a day fail validation, whether the day may be stored without them, and how they are kept.

Where they are stored, and up to which share, is decided by the asset.
"""

import json
from collections.abc import Callable, Collection, Mapping

import pandas as pd

from sales_assets.redaction import MASK, cut_text, redact_emails
from sales_assets.transforms.amounts import (
    LARGEST_AMOUNT,
    format_orders,
    has_negative_amounts,
    has_unstorable_amounts,
)
from sales_assets.transforms.extracted_orders import is_listed_twice
from sales_assets.transforms.timestamps import find_unstorable_timestamps

Rule = Callable[[pd.DataFrame, pd.Series], pd.Series]
"""Takes orders and their business days; returns a boolean per order, true if it fails the rule."""

REJECTED_COUNT = "rejected_orders"
"""Metadata of a load: how many orders of the day were rejected."""

ORDER_RULES: Mapping[str, Rule] = {
    "duplicate_order": is_listed_twice,
    "unstorable_timestamp": lambda orders, _: find_unstorable_timestamps(orders).any(axis="columns"),
    "unstorable_amount": lambda orders, _: has_unstorable_amounts(orders),
    "negative_amount": lambda orders, _: has_negative_amounts(orders),
}
"""What the day is refused for by raw or silver, as rules for a single order."""


def find_failed_rules(orders: pd.DataFrame, days: pd.Series, rules: Mapping[str, Rule]) -> pd.Series:
    """The first rule that each order fails; null if it passes all.

    Args:
        orders: `order_id`, and the other columns of the ERP's answer.
        days: The business day of each order.
        rules: By name, in order.
    """
    failed = pd.Series(None, index=orders.index, dtype=object)
    for name, fails in rules.items():
        failed = failed.mask(failed.isna() & fails(orders, days), name)
    return failed


def find_days_above_share(
    orders: pd.DataFrame, days: pd.Series, failed: pd.Series, max_share: float, passed: int = 0
) -> dict[str, str]:
    """The days of whose orders too many fail validation, and which these are.

    Args:
        orders: `order_id`.
        days: The business day of each order.
        failed: See `find_failed_rules`.
        max_share: The share of its orders that a day may be stored without; an order that is listed twice is
            one.
        passed: How many orders of the day pass validation besides, if there is only one day.

    Returns:
        A sentence by partition key, in order.
    """
    table = pd.DataFrame({"order_id": orders["order_id"], "day": days, "rule": failed})
    above: dict[str, str] = {}
    for day, of_day in table.groupby("day"):
        lost = of_day[of_day["rule"].notna()].sort_values("order_id")
        number, lost_number = _count_orders(of_day) + passed, _count_orders(lost)
        if lost_number > max_share * number:
            reasons = "; ".join(f"{rule} in {format_orders(some)}" for rule, some in lost.groupby("rule"))
            above[f"{day:%Y-%m-%d}"] = (
                f"{lost_number} of {number} orders fail validation, more than the share of {max_share:g} "
                f"that SALES_MAX_REJECTED_SHARE allows: {reasons}."
            )
    return above


def tabulate_rejected(orders: pd.DataFrame, failed: pd.Series, personal: Collection[str]) -> pd.DataFrame:
    """The orders that failed, as they are kept.

    Args:
        orders: The orders that failed a rule.
        failed: The rule that each failed.
        personal: The columns with personal data.

    Returns:
        In the order given: `order_date`, `order_id`, `rule`, `total_amount` (null if it cannot be stored),
        and `detail`, the values as JSON.
    """
    amounts = orders.get("total_amount", pd.Series(float("nan"), index=orders.index))
    return pd.DataFrame(
        {
            "order_date": orders["order_date"],
            "order_id": orders["order_id"],
            "rule": failed,
            "total_amount": amounts.where(amounts.abs() <= LARGEST_AMOUNT),
            "detail": _format_details(orders, personal),
        }
    )


def sum_rejected(rejected: pd.DataFrame, days: pd.Series) -> dict[pd.Timestamp, dict[str, float]]:
    """Number and amount of the rejected orders, by business day; see `tabulate_rejected`."""
    sums = rejected["total_amount"].groupby(days).agg(["size", "sum"])
    return {
        day: {REJECTED_COUNT: int(number), "rejected_amount": round(float(amount), 4)}
        for day, number, amount in zip(sums.index, sums["size"], sums["sum"], strict=True)
    }


def _count_orders(table: pd.DataFrame) -> int:
    return int(table["order_id"].nunique(dropna=False))


def _format_details(orders: pd.DataFrame, personal: Collection[str]) -> list[str]:
    shown = {column: _to_texts(orders[column]) for column in orders}
    shown |= {column: [MASK] * len(orders) for column in personal if column in orders}
    return [
        json.dumps(dict(zip(shown, row, strict=True)), ensure_ascii=False)
        for row in zip(*shown.values(), strict=True)
    ]


def _to_texts(values: pd.Series) -> list[str | None]:
    if pd.api.types.is_datetime64_any_dtype(values):
        # No Timestamp exists for an infinite time.
        instants = values.dt.tz_convert("UTC").dt.tz_localize(None) if values.dt.tz else values
        values = pd.Series(instants.to_numpy().astype(str), index=values.index).where(values.notna())
    return [None if pd.isna(value) else redact_emails(cut_text(str(value))) for value in values]
