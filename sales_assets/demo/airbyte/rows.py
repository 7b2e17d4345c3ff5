"""What the stand-in's sources hold: accounts, payments and advertising that fit the demo ERP.

Pure and deterministic: rows are functions of the ERP's own and of their ids. Amounts are in cents, as
payment services have them. What is odd is meant to be: some charges are missing, some differ.
"""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

import numpy as np
import pandas as pd

from sales_assets.demo.erp.customers import build_customers
from sales_assets.demo.erp.orders import DemoOrders, build_orders
from sales_assets.demo.seeded_days import FIRST_DAY, iterate_days, seed_generator

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


def accounts(last_day: date, timezone: str) -> pd.DataFrame:
    """The CRM's accounts: one for each customer of the ERP but a few, and some that never bought."""
    customers = build_customers(last_day, timezone)
    ids = customers["id"].to_numpy()
    draw = _draws(ids, "accounts")
    channel = np.array(_CHANNELS)[np.searchsorted(np.cumsum(_SHARES), _draws(ids, "channels"))]
    known = pd.DataFrame(
        {
            "id": "acc_" + customers["id"].astype(str),
            "erp_customer_id": customers["id"].astype("Int64").mask(draw < 0.02),
            "name": "Account " + customers["id"].astype(str),
            "acquisition_channel": channel,
            "updated_at": customers["updated_at"],
        }
    )
    return known[draw < 0.97].reset_index(drop=True)


def contacts(last_day: date, timezone: str) -> pd.DataFrame:
    """The people at the accounts."""
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


def charges(last_day: date, timezone: str) -> pd.DataFrame:
    """What the payment service took: the amount of most paid orders, some cents more or less of a few."""
    paid = _paid(last_day, timezone)
    draw = _draws(paid["order_id"], "charges")
    off = np.where(draw < _MISSING + _DIFFERING, 1 + paid["order_id"] % 500, 0)
    taken = pd.DataFrame(
        {
            "id": "ch_" + paid["order_id"].astype(str),
            "order_id": paid["order_id"],
            "amount": paid["cents"] + off,
            "currency": "EUR",
            "status": "succeeded",
            "created_at": paid["created_at"],
        }
    )
    return taken[(draw >= _MISSING) & (paid["cents"] > 0)].reset_index(drop=True)


def refunds(last_day: date, timezone: str) -> pd.DataFrame:
    """What the payment service gave back: all of a refunded order, half of a few others."""
    paid = _paid(last_day, timezone)
    draw = _draws(paid["order_id"], "charges")
    whole = paid["status"] == "refunded"
    partly = ~whole & (draw > 1 - _PARTLY_REFUNDED)
    given = pd.DataFrame(
        {
            "id": "re_" + paid["order_id"].astype(str),
            "charge_id": "ch_" + paid["order_id"].astype(str),
            "amount": paid["cents"].where(whole, paid["cents"] // 2),
            "currency": "EUR",
            "created_at": paid["updated_at"],
        }
    )
    return given[(whole | partly) & (draw >= _MISSING) & (given["amount"] > 0)].reset_index(drop=True)


def spend(last_day: date, timezone: str) -> pd.DataFrame:  # noqa: ARG001 - a day's spend has no hour
    """What each campaign cost on each day."""
    days = [_spent_on(day) for day in iterate_days(FIRST_DAY, last_day)]
    return pd.concat(days, ignore_index=True)


SOURCES: Mapping[str, Mapping[str, Callable[[date, str], pd.DataFrame]]] = MappingProxyType(
    {
        "crm": {"accounts": accounts, "contacts": contacts},
        "payments": {"charges": charges, "refunds": refunds},
        "ads": {"spend": spend},
    }
)
"""The rows of each stream, by the schema where they land, up to a last day in a time zone."""


def _paid(last_day: date, timezone: str) -> pd.DataFrame:
    """The paid orders with their amounts in cents, rounded once per order as the ERP's bill is."""
    placed: DemoOrders = build_orders(FIRST_DAY, last_day, last_day, timezone)
    items = placed.items
    due = items["qty"] * items["unit_price"] * (1 - items["discount"].fillna(0))
    amounts = due.groupby(items["order_id"]).sum()
    orders = placed.orders[placed.orders["status"].isin(_PAID)].rename(columns={"id": "order_id"})
    total = orders["order_id"].map(amounts).fillna(0.0)
    return orders.assign(cents=(total * 100).round().astype("int64")).reset_index(drop=True)


def _spent_on(day: date) -> pd.DataFrame:
    random = seed_generator(day, "advertising")
    names, channels, budgets = zip(*_CAMPAIGNS, strict=True)
    cents = np.rint(np.array(budgets) * random.uniform(0.6, 1.4, len(names))).astype("int64")
    clicks = random.poisson(cents / 45)
    return pd.DataFrame(
        {
            "campaign": names,
            "channel": channels,
            "day": day,
            "amount": cents,
            "currency": "EUR",
            "clicks": clicks,
            "impressions": clicks * random.integers(20, 60, len(names)),
        }
    )


def _draws(ids: "pd.Series | np.ndarray", purpose: str) -> np.ndarray:
    """A number in [0, 1) for each id, the same whatever other ids there are."""
    salt = seed_generator(FIRST_DAY, purpose).integers(1, 2**31)
    mixed = (np.asarray(ids, dtype="uint64") + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(11)).astype("float64") / 2.0**53
