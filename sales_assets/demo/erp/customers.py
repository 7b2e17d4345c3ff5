"""The demo ERP's customers: generated from the dates on which they registered and moved."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from sales_assets.demo.seeded_days import FIRST_DAY, Columns, iterate_days, join_days, seed_generator, to_utc

FIRST_CUSTOMERS = 2_000
NEW_PER_DAY = 6
CHANGES_PER_DAY = 5

_FIRST_NAMES = [
    "Ada",
    "Björn",
    "Chloé",
    "Dmitri",
    "Elena",
    "Farid",
    "Greta",
    "Hugo",
    "Inês",
    "Jörg",
    "Khadija",
    "Liam",
]
_LAST_NAMES = [
    "Andersson",
    "Bianchi",
    "D'Angelo",
    "Novák",
    "O'Brien",
    "Rossi",
    "Schäfer",
    "Silva",
    "van Dijk",
    "Weiß",
]
_CITIES = [
    "Amsterdam",
    "Berlin",
    "København",
    "Lisboa",
    "Milano",
    "München",
    "Paris",
    "Roma",
    "Wien",
    "Zürich",
]
_SEGMENTS = ["consumer", "corporate", "home office", "small business"]
_SHARES = [0.55, 0.2, 0.1, 0.15]


def count_customers(day: date) -> int:
    """Return the number of customers at the end of a day; their ids are 1 to that number."""
    return FIRST_CUSTOMERS + NEW_PER_DAY * ((day - FIRST_DAY).days + 1)


def build_customers(day: date, timezone: str) -> pd.DataFrame:
    """Build all customers as they are at the end of a day.

    Args:
        day: The last day whose events count.
        timezone: The time zone of days.

    Returns:
        The ERP's `customers`: id, email, first_name, last_name, city, segment, updated_at.
    """
    states = [_draw_registrations(FIRST_DAY - timedelta(days=1), FIRST_CUSTOMERS, 0)]
    for today in iterate_days(FIRST_DAY, day):
        known = count_customers(today - timedelta(days=1))
        states += [_draw_registrations(today, NEW_PER_DAY, known), _draw_moves(today, known)]
    history = join_days(states)
    latest = history.groupby("id", sort=True).last().reset_index()
    latest["email"] = latest["first_name"].str.lower() + "." + latest["id"].astype(str) + "@example.com"
    latest["updated_at"] = to_utc(latest.pop("day"), latest.pop("second"), timezone)
    columns = ["id", "email", "first_name", "last_name", "city", "segment", "updated_at"]
    return latest[columns]


def _draw_registrations(day: date, count: int, after_id: int) -> Columns:
    random = seed_generator(day, "registrations")
    return {
        "id": np.arange(after_id + 1, after_id + count + 1),
        "first_name": random.choice(_FIRST_NAMES, count),
        "last_name": random.choice(_LAST_NAMES, count),
        "city": random.choice(_CITIES, count),
        "segment": random.choice(_SEGMENTS, count, p=_SHARES),
        "day": np.full(count, day, "datetime64[us]"),
        "second": random.integers(0, 86_400, count),
    }


def _draw_moves(day: date, known: int) -> Columns:
    """Draw the customers who changed city and segment on a day; their other columns stay as they were."""
    random = seed_generator(day, "moves")
    ids = np.unique(random.integers(1, known + 1, CHANGES_PER_DAY))
    return {
        "id": ids,
        "first_name": np.full(len(ids), None),
        "last_name": np.full(len(ids), None),
        "city": random.choice(_CITIES, len(ids)),
        "segment": random.choice(_SEGMENTS, len(ids), p=_SHARES),
        "day": np.full(len(ids), day, "datetime64[us]"),
        "second": random.integers(0, 86_400, len(ids)),
    }
