"""Keeps the orders that fail validation out of their day, if they are few; else the day is refused.

What an order has to satisfy is in `transforms/rejections.py`.
"""

from collections.abc import Collection, Mapping
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_rows import DailyRows
from sales_assets.assets._daily_run import DailyRun
from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.transforms.rejections import (
    ORDER_RULES,
    find_days_above_share,
    find_failed_rules,
    sum_rejected,
    tabulate_rejected,
)
from sales_assets.transforms.select_orders import has_sale
from sales_assets.warehouse.misfits import is_misfit


def reject_orders(
    run: DailyRun, orders: DailyRows, statuses: Collection[str], max_share: float, passed: int = 0
) -> DailyRows:
    """Return the orders that pass validation; the run keeps the others, to be stored as rejected.

    Args:
        run: Gets the rejected orders, and the days that are refused because too many of their orders fail.
        orders: The orders that are to be stored. Those that are listed twice and are no sale are left out.
        statuses: The statuses of sales.
        max_share: The share of its orders that a day may be stored without; with 0, nothing is rejected here.
        passed: How many orders of a single day pass validation besides these.
    """
    if not max_share:
        return orders
    orders = orders.where(has_sale(orders.frame, orders.days, statuses))
    rules = {**ORDER_RULES, "contract": lambda rows, _: is_misfit(rows, run.contract)}
    failed = find_failed_rules(orders.frame, orders.days, rules)
    run.faults.update(find_days_above_share(orders.frame, orders.days, failed, max_share, passed))
    is_rejected = failed.notna() & ~orders.days.isin(pd.to_datetime(list(run.faults)))
    if not is_rejected.any():
        return orders
    lost = orders.where(is_rejected)
    personal = {column.name for column in run.contract.columns if PERSONAL_DATA_TAG in column.tags}
    table = tabulate_rejected(lost.frame, failed[is_rejected], personal).assign(run_id=run.context.run.run_id)
    # One row per order and day, although the ERP may list it twice.
    is_first = ~pd.DataFrame({"order_id": table["order_id"], "day": lost.days}).duplicated()
    run.rejected = lost.as_frame(table).where(is_first)
    return orders.where(~is_rejected)


def is_order_faulty(
    orders: DailyRows, repeated: Collection[int], contract: dg.TableSchema, *, rejecting: bool
) -> pd.Series:
    """Which orders of a part of a day are rejected or, if none are to be, cannot be stored.

    Args:
        orders: Some orders of the day.
        repeated: The ids that the whole day has more than once.
        contract: The table's columns.
        rejecting: Whether orders are rejected; if not, negative amounts are left to silver.
    """
    others = {"duplicate_order"} if rejecting else {"duplicate_order", "negative_amount"}
    rules = {name: rule for name, rule in ORDER_RULES.items() if name not in others}
    failed = find_failed_rules(orders.frame, orders.days, rules)
    return failed.notna() | orders.frame["order_id"].isin(repeated) | is_misfit(orders.frame, contract)


def add_rejected(
    metadata: Mapping[pd.Timestamp, Mapping[str, Any]], run: DailyRun
) -> dict[pd.Timestamp, dict[str, Any]]:
    """What to report of each day, with number and amount of its rejected orders, if it has any."""
    sums = {} if run.rejected is None else sum_rejected(run.rejected.frame, run.rejected.days)
    return {day: {**of_day, **sums.get(day, {})} for day, of_day in metadata.items()}
