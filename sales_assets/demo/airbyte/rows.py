"""Rows of the emulator's sources: accounts, payments and advertising that fit the demo ERP.

Pure and deterministic: rows depend only on the ERP's rows and on ids. Amounts are in cents, as payment
services return them. Faults are intended: some charges are missing, some differ from the order.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pandas as pd

from sales_assets.demo.erp.customers import build_customers
from sales_assets.demo.erp.orders import DemoOrders, build_orders
from sales_assets.demo.seeded_days import FIRST_DAY, Columns, iterate_days, join_days, seed_generator

_CHANNELS = ["search", "social", "email", "referral", "organic"]
_SHARES = [0.35, 0.25, 0.1, 0.1, 0.2]
_CAMPAIGNS = (
    ("brand-search", "search", 120_00),
    ("generic-search", "search", 260_00),
    ("lookalike-social", "social", 210_00),
    ("retargeting-social", "social", 90_00),
    ("newsletter", "email", 25_00),
)
_MISSING, _DIFFERING, _PARTLY_REFUNDED = 0.01, 0.01, 0.005
_PAID = ("completed", "shipped", "refunded")


def build_accounts(last_day: date, timezone: str) -> pd.DataFrame:
    """Build the CRM's accounts: one per customer of the ERP, except a few; some lack the customer's id."""
    customers = build_customers(last_day, timezone)
    ids = customers["id"].to_numpy()
    draw = _draw_numbers(ids, "accounts")
    channel = np.array(_CHANNELS)[np.searchsorted(np.cumsum(_SHARES), _draw_numbers(ids, "channels"))]
    accounts = pd.DataFrame(
        {
            "id": "acc_" + customers["id"].astype(str),
            "erp_customer_id": customers["id"].astype("Int64").mask(draw < 0.02),
            "name": "Account " + customers["id"].astype(str),
            "acquisition_channel": channel,
            "updated_at": customers["updated_at"],
        }
    )
    return accounts[draw < 0.97].reset_index(drop=True)


def build_contacts(last_day: date, timezone: str) -> pd.DataFrame:
    """Build the people at the accounts."""
    customers = build_customers(last_day, timezone)
    return pd.DataFrame(
        {
            "id": "con_" + customers["id"].astype(str),
            "account_id": "acc_" + customers["id"].astype(str),
            "email": customers["email"],
            "first_name": customers["first_name"],
            "last_name": customers["last_name"],
            "updated_at": customers["updated_at"],
        }
    )


def build_charges(last_day: date, timezone: str) -> pd.DataFrame:
    """Build the charges: one per paid order, except a few; a few amounts are too high."""
    paid = _build_paid_orders(FIRST_DAY, last_day, timezone)
    draw = _draw_numbers(paid["order_id"], "charges")
    surplus = np.where(draw < _MISSING + _DIFFERING, 1 + paid["order_id"] % 500, 0)
    charges = pd.DataFrame(
        {
            "id": "ch_" + paid["order_id"].astype(str),
            "order_id": paid["order_id"],
            "amount": paid["cents"] + surplus,
            "currency": "EUR",
            "status": "succeeded",
            "created_at": paid["created_at"],
        }
    )
    return charges[(draw >= _MISSING) & (paid["cents"] > 0)].reset_index(drop=True)


def build_refunds(last_day: date, timezone: str) -> pd.DataFrame:
    """Build the refunds: the whole amount of each refunded order, and half of a few others."""
    paid = _build_paid_orders(FIRST_DAY, last_day, timezone)
    draw = _draw_numbers(paid["order_id"], "charges")
    whole = paid["status"] == "refunded"
    partly = ~whole & (draw > 1 - _PARTLY_REFUNDED)
    refunds = pd.DataFrame(
        {
            "id": "re_" + paid["order_id"].astype(str),
            "charge_id": "ch_" + paid["order_id"].astype(str),
            "amount": paid["cents"].where(whole, paid["cents"] // 2),
            "currency": "EUR",
            "created_at": paid["updated_at"],
        }
    )
    return refunds[(whole | partly) & (draw >= _MISSING) & (refunds["amount"] > 0)].reset_index(drop=True)


def build_spend(last_day: date, timezone: str) -> pd.DataFrame:  # noqa: ARG001 - spend has no time of day
    """Build the cost of each campaign on each day."""
    return join_days([_draw_spend(day) for day in iterate_days(FIRST_DAY, last_day)])


SOURCES: Mapping[str, Mapping[str, Callable[[date, str], pd.DataFrame]]] = MappingProxyType(
    {
        "crm": {"accounts": build_accounts, "contacts": build_contacts},
        "payments": {"charges": build_charges, "refunds": build_refunds},
        "ads": {"spend": build_spend},
    }
)
"""The function that builds each stream's rows, by schema; it takes the last day and a time zone."""


@lru_cache(maxsize=1)
def _build_paid_orders(first_day: date, last_day: date, timezone: str) -> pd.DataFrame:
    """The paid orders with their amounts in cents, rounded once per order like the ERP's bill.

    They are kept for the other stream of a sync, because two years take seconds to build. Nobody may change
    them.
    """
    placed: DemoOrders = build_orders(first_day, last_day, last_day, timezone)
    items = placed.items
    due = items["qty"] * items["unit_price"] * (1 - items["discount"].fillna(0))
    amounts = due.groupby(items["order_id"]).sum()
    orders = placed.orders[placed.orders["status"].isin(_PAID)].rename(columns={"id": "order_id"})
    total = orders["order_id"].map(amounts).fillna(0.0)
    return orders.assign(cents=(total * 100).round().astype("int64")).reset_index(drop=True)


def _draw_spend(day: date) -> Columns:
    random = seed_generator(day, "advertising")
    names, channels, budgets = zip(*_CAMPAIGNS, strict=True)
    cents = np.rint(np.array(budgets) * random.uniform(0.6, 1.4, len(names))).astype("int64")
    clicks = random.poisson(cents / 45)
    return {
        "campaign": np.array(names, dtype=object),
        "channel": np.array(channels, dtype=object),
        "day": np.full(len(names), day, dtype=object),
        "amount": cents,
        "currency": np.full(len(names), "EUR", dtype=object),
        "clicks": clicks,
        "impressions": clicks * random.integers(20, 60, len(names)),
    }


def _draw_numbers(ids: "pd.Series | np.ndarray", purpose: str) -> np.ndarray:
    """A number in [0, 1) for each id, independent of the other ids."""
    salt = seed_generator(FIRST_DAY, purpose).integers(1, 2**31)
    mixed = (np.asarray(ids, dtype="uint64") + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(11)).astype("float64") / 2.0**53
