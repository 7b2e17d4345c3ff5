"""The demo ERP's orders and their items: how many are placed per day, and how they change later.

All changes of an order are drawn for the day on which it is placed. Its state at the end of a later day is
the last of those changes until then. Nothing here uses a database.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from sales_assets.demo.erp.customers import count_customers
from sales_assets.demo.seeded_days import FIRST_DAY, Columns, iterate_days, join_days, seed_generator, to_utc

LONGEST_LIFE_DAYS = 30
"""An order does not change after this many days."""

_DAY = 86_400
_WEEK = (0.95, 0.9, 0.95, 1.0, 1.25, 1.3, 0.75)
_PRODUCTS = 400
_DISCOUNTS = np.array([np.nan, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3333])
_DISCOUNT_SHARES = [0.6, 0.05, 0.1, 0.1, 0.07, 0.05, 0.03]


@dataclass(frozen=True)
class DemoOrders:
    """Orders and their items as they are in the ERP at the end of a day.

    Attributes:
        orders: The ERP's `orders`: id, customer_id, created_at, updated_at, status.
        items: The ERP's `order_items`: id, order_id, qty, unit_price, discount.
    """

    orders: pd.DataFrame
    items: pd.DataFrame


def build_orders(first: date, last: date, at: date, timezone: str) -> DemoOrders:
    """Build the orders that were placed from one day to another.

    Args:
        first: The first day.
        last: The last day.
        at: The day at whose end to show their state; not before `last`.
        timezone: The time zone of days.
    """
    lives, items = zip(*map(_draw_day, iterate_days(first, last)), strict=True)
    orders = _find_states(join_days(lives), at, timezone)
    return DemoOrders(orders, join_days(items))


def _draw_count(day: date, random: np.random.Generator) -> int:
    """A few hundred orders: growing by a fifth per year, with a weekly pattern and a strong December."""
    age = (day - FIRST_DAY).days / 365
    season = 1 + 0.15 * np.cos(2 * np.pi * (day.timetuple().tm_yday - 350) / 365)
    return int(random.poisson(260 * 1.2**age * season * _WEEK[day.weekday()]))


def _draw_day(day: date) -> tuple[Columns, Columns]:
    random = seed_generator(day, "orders")
    count = _draw_count(day, random)
    ids = (day - FIRST_DAY).days * 100_000 + np.arange(1, count + 1)
    customers = 1 + (count_customers(day) * random.random(count) ** 1.5).astype(int)
    fate = random.random(count)
    placed = np.sort(random.integers(0, _DAY, count))
    settled = placed + (random.exponential(0.5, count) * _DAY).astype(int) + 60
    ended = settled + (random.uniform(0.3, 20, count) * _DAY).astype(int)
    course = random.random(count)
    life = {
        "id": ids,
        "customer_id": np.where(fate > 0.985, customers + 90_000_000, customers),
        "has_customer": fate >= 0.02,
        "day": np.full(count, day, "datetime64[us]"),
        "placed": placed,
        "settled": np.minimum(settled, (LONGEST_LIFE_DAYS - 1) * _DAY),
        "ended": np.minimum(ended, LONGEST_LIFE_DAYS * _DAY - 1),
        "becomes": np.select([course < 0.06], ["cancelled"], "completed"),
        "ends_as": np.select([course < 0.06, course < 0.1, course < 0.7], ["", "refunded", "shipped"], ""),
    }
    return life, _draw_items(ids, random)


def _draw_items(order_ids: np.ndarray, random: np.random.Generator) -> Columns:
    """One to about six items per order; one order in two hundred has none."""
    lines = np.where(random.random(len(order_ids)) < 0.005, 0, 1 + random.poisson(1.6, len(order_ids)))
    of_order = np.repeat(order_ids, lines)
    position = np.arange(len(of_order)) - np.repeat(np.cumsum(lines) - lines, lines)
    product = random.integers(0, _PRODUCTS, len(of_order))
    price = np.round(3 + 180 * ((product * 7919 % _PRODUCTS) / _PRODUCTS) ** 3, 2)
    return {
        "id": of_order * 100 + position,
        "order_id": of_order,
        "qty": random.integers(1, 5, len(of_order)).astype("int32"),
        "unit_price": price,
        "discount": random.choice(_DISCOUNTS, len(of_order), p=_DISCOUNT_SHARES),
    }


def _find_states(life: pd.DataFrame, at: date, timezone: str) -> pd.DataFrame:
    """Return the orders as they are at the end of a day, after the last of their changes until then."""
    elapsed = (pd.Timestamp(at + timedelta(days=1)) - life["day"]).dt.total_seconds()
    is_settled = life["settled"] < elapsed
    has_ended = (life["ends_as"] != "") & (life["ended"] < elapsed)
    changed = life["placed"].mask(is_settled, life["settled"]).mask(has_ended, life["ended"])
    return pd.DataFrame(
        {
            "id": life["id"],
            "customer_id": life["customer_id"].astype("Int64").where(life["has_customer"]),
            "created_at": to_utc(life["day"], life["placed"], timezone),
            "updated_at": to_utc(life["day"], changed, timezone),
            "status": pd.Series("pending", index=life.index)
            .mask(is_settled, life["becomes"])
            .mask(has_ended, life["ends_as"]),
        }
    )
