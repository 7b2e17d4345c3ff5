"""The demo ERP's days: when they begin, and the random numbers that belong to each.

A day's events depend on its date alone, so tomorrow's data extends today's and changes nothing in it.
"""

import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import cast

import numpy as np
import pandas as pd

FIRST_DAY = date(2025, 1, 1)


def generator(day: date, purpose: str) -> np.random.Generator:
    """The random numbers of a day for one purpose, the same on every machine."""
    return np.random.default_rng([zlib.crc32(purpose.encode()), day.toordinal()])


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included; none if the last is earlier."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def instants(days: pd.Series, seconds: pd.Series, timezone: str) -> pd.Series:
    """Seconds after local midnight as instants in UTC.

    Args:
        days: Midnights without a time zone.
        seconds: Seconds after them; more than a day's reach into the days that follow.
        timezone: The zone of the midnights. A time that a clock change skips becomes the next that exists.
    """
    local = days + pd.to_timedelta(seconds, unit="s")
    ambiguous = np.zeros(len(local), dtype=bool)
    aware = local.dt.tz_localize(timezone, ambiguous=ambiguous, nonexistent="shift_forward")
    return cast("pd.Series", aware.dt.tz_convert("UTC").astype("datetime64[us, UTC]"))
