"""The series that are forecast: revenue by business day, a column for each segment and one for the total.

Which days are missing, closed or unusual is decided here. What a model makes of them: see `candidates/`.
"""

import warnings
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

TOTAL = "total"
"""The column of all segments together."""

WEEK = 7
"""Days of a week."""

_WEEKS_AROUND = 8
_LIMIT = 6.0
_LEAST_DEVIATION = 0.2
_LONGEST_RUN = 3
_CLOSED_SHARE = 0.75


@dataclass(frozen=True)
class OddDays:
    """How many days of the total are not as others.

    Attributes:
        days: Days from the first sale to the last.
        missing: Days without any sale, on a weekday that usually has some: not learned from, not scored.
        closed: Days without any sale, on a weekday that usually has none: zero.
        unusual: Days far from the same weekday around them: not learned from, but scored.
    """

    days: int
    missing: int
    closed: int
    unusual: int

    def __str__(self) -> str:
        return (
            f"{self.days} days: {self.missing} missing, {self.closed} closed and {self.unusual} unusual ones"
        )


def build_series(rows: pd.DataFrame, holidays: Collection[str] = ()) -> pd.DataFrame:
    """Build the series from the sums of each day and segment.

    Args:
        rows: `order_date`, `segment`, `revenue`; once per combination that has sales.
        holidays: Days as YYYY-MM-DD that are closed if they have no sale, on any weekday.

    Returns:
        Revenue as floats: a row for every day from the first to the last, a column for each segment and
        `total`. A missing day is null in all columns; a day without sales of one segment is 0 there.
    """
    typed = rows.assign(order_date=pd.to_datetime(rows["order_date"]), revenue=rows["revenue"].astype(float))
    table = typed.pivot_table(
        index="order_date", columns="segment", values="revenue", aggfunc="sum", fill_value=0.0
    )
    table = table.sort_index(axis=1).rename_axis(index=None, columns=None)
    table[TOTAL] = table.sum(axis=1)
    series = table[table[TOTAL] != 0].asfreq("D")
    is_free = series[TOTAL].isna() & series.index.isin(pd.to_datetime(list(holidays)))
    return series.mask(is_free | find_closed_days(series[TOTAL]), 0.0)


def find_closed_days(total: pd.Series) -> pd.Series:
    """Find missing days on a weekday that has no sales three times in four, in the eight weeks around it.

    Args:
        total: Revenue by day; null where there was no sale.
    """
    is_missing = total.isna().to_numpy()
    share = _around(is_missing.astype(float)[:, None], np.nanmean)[:, 0]
    return pd.Series(is_missing & (share >= _CLOSED_SHARE), total.index)


def drop_unusual_days(history: pd.DataFrame) -> pd.DataFrame:
    """Return the series with unusual days as missing ones; see `find_unusual_days`."""
    return history.mask(find_unusual_days(history))


def find_unusual_days(history: pd.DataFrame) -> pd.DataFrame:
    """Find days that are far from the same weekday in the weeks around them, at most three in a row.

    A longer run is a change, which a model has to follow. Far is more than six median absolute deviations of
    the logarithms, and more than a fifth. Days without sales are not judged.

    Args:
        history: Revenue by day and series, up to the day that a model may know.
    """
    positive = history.where(history > 0).to_numpy(float)
    logs = np.log(positive)
    distance = np.abs(logs - _around(logs, np.nanmedian))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a series without any sale
        limit = np.maximum(_LIMIT * np.nanmedian(distance, axis=0), _LEAST_DEVIATION)
    far = pd.DataFrame(distance > limit, history.index, history.columns)
    runs = (far != far.shift()).cumsum()
    sizes = runs.apply(lambda run: run.map(run.value_counts()))
    unusual: pd.DataFrame = far & (sizes <= _LONGEST_RUN)
    return unusual


def count_odd_days(series: pd.DataFrame) -> OddDays:
    """Count the days of the total that a model does not learn from as they are."""
    total = series[TOTAL]
    return OddDays(
        days=len(total),
        missing=int(total.isna().sum()),
        closed=int((total == 0.0).sum()),
        unusual=int(find_unusual_days(series)[TOTAL].sum()),
    )


def split_weeks(values: np.ndarray) -> np.ndarray:
    """Split days into weeks that end with the last day; nulls fill the first week.

    Args:
        values: Days by series.

    Returns:
        Weeks by seven days by series.
    """
    lacking = -len(values) % WEEK
    padded = np.vstack([np.full((lacking, values.shape[1]), np.nan), values])
    return padded.reshape(-1, WEEK, values.shape[1])


def _around(values: np.ndarray, summarize: object) -> np.ndarray:
    """Summarize the same weekday in the eight weeks before and after each day, and the day itself."""
    weeks = split_weeks(values)
    edge = ((_WEEKS_AROUND, _WEEKS_AROUND), (0, 0), (0, 0))
    padded = np.pad(weeks, edge, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _WEEKS_AROUND + 1, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a weekday that never has sales
        around: np.ndarray = summarize(windows, axis=-1)  # type: ignore[operator]
    return around.reshape(-1, values.shape[1])[-len(values) :]
