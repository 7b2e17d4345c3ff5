"""The demo's days: the first one, the random numbers of each, and its times of day in UTC.

The events of a day depend only on its date. So tomorrow's data extends today's and changes none of it.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

FIRST_DAY = date(2025, 1, 1)

Columns = Mapping[str, np.ndarray]
"""The rows of a day as columns of equal length; a frame for each of hundreds of days would take seconds."""


def find_yesterday(timezone: str) -> date:
    """Return the last complete day in a time zone: the demo's data ends with it."""
    return datetime.now(ZoneInfo(timezone)).date() - timedelta(days=1)


def seed_generator(day: date, purpose: str) -> np.random.Generator:
    """Return the random numbers of a day for one purpose, the same on every machine."""
    return np.random.default_rng([zlib.crc32(purpose.encode()), day.toordinal()])


def iterate_days(first: date, last: date) -> Iterator[date]:
    """Yield every day from the first to the last, both included; nothing if the last is earlier."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def join_days(days: Sequence[Columns]) -> pd.DataFrame:
    """Return the rows of many days, which have the same columns, as one frame."""
    return pd.DataFrame({name: np.concatenate([day[name] for day in days]) for name in days[0]})


def to_utc(days: pd.Series, seconds: pd.Series, timezone: str) -> pd.Series:
    """Convert seconds after local midnight to timestamps in UTC.

    Args:
        days: Midnights without a time zone.
        seconds: Seconds after midnight; more than 86,400 reach into the next days.
        timezone: The time zone of the midnights. A local time that a clock change skips is moved to the next
            one that exists.
    """
    local = days + pd.to_timedelta(seconds, unit="s")
    ambiguous = np.zeros(len(local), dtype=bool)
    aware = local.dt.tz_localize(ZoneInfo(timezone), ambiguous=ambiguous, nonexistent="shift_forward")
    return cast("pd.Series", aware.dt.tz_convert("UTC").astype("datetime64[us, UTC]"))
