"""Whether a day's figure is as the days before it let expect.

Which figure it is, and what follows from the verdict, is decided by the checks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

HISTORY_DAYS = 56
"""Eight weeks: a day is compared with the days in them."""

MAX_NAMED = 5
"""How many days a check names."""

_LEAST_OF_WEEKDAY = 4
_LEAST_DAYS = 28
_OUTSIDE = 6
_FAR_OUTSIDE = 12
_DEVIATION_OF_NORMAL = 1.4826
"""A normal distribution's standard deviation in median absolute deviations."""


@dataclass(frozen=True)
class Verdict:
    """A day that is outside its band.

    Attributes:
        day: The partition key.
        actual: The day's figure.
        expected: The median of the days that it is compared with.
        deviations: How many usual deviations lie between the two; negative below.
    """

    day: str
    actual: float
    expected: float
    deviations: float

    @property
    def is_far(self) -> bool:
        """Whether the day is so far outside that it cannot be chance."""
        return abs(self.deviations) > _FAR_OUTSIDE


def to_series(values: Mapping[str, float]) -> pd.Series:
    """Values by day, in the order of the days, as `find_outside` takes them."""
    return pd.Series(values.values(), index=pd.to_datetime(list(values)), dtype="float64").sort_index()


def find_outside(
    figures: pd.Series, days: Iterable[str], smallest: Callable[[float], float], *, by_weekday: bool
) -> list[Verdict]:
    """Find the days that are outside their band.

    A band is six usual deviations around the median; they are median absolute deviations, which an odd day in
    the history does not move. A day with too little history is not judged: four days of the same weekday, or
    28 days.

    Args:
        figures: By midnight, without the days that have none.
        days: The partition keys to judge; days without a figure are left out.
        smallest: The smallest deviation to reckon with for an expected figure, as chance alone makes it.
        by_weekday: Whether a day is compared with the same weekday.
    """
    judged = [(key, pd.Timestamp(key)) for key in days]
    verdicts = [
        _judge(key, float(figures[day]), _select_history(figures, day), day, smallest, by_weekday=by_weekday)
        for key, day in judged
        if day in figures.index
    ]
    return [verdict for verdict in verdicts if verdict and abs(verdict.deviations) > _OUTSIDE]


def join_verdicts(verdicts: Sequence[Verdict], describe: Callable[[Verdict], str]) -> str:
    """Describe the first days of some, and how many more there are."""
    days = "; ".join(describe(verdict) for verdict in verdicts[:MAX_NAMED])
    return f"{days}; {len(verdicts) - MAX_NAMED} more day(s)" if len(verdicts) > MAX_NAMED else days


def _select_history(figures: pd.Series, day: pd.Timestamp) -> pd.Series:
    return figures[(figures.index < day) & (figures.index >= day - timedelta(days=HISTORY_DAYS))]


def _judge(
    key: str,
    actual: float,
    history: pd.Series,
    day: pd.Timestamp,
    smallest: Callable[[float], float],
    *,
    by_weekday: bool,
) -> Verdict | None:
    weekdays = pd.DatetimeIndex(history.index).weekday
    alike = history[weekdays == day.weekday()] if by_weekday else history
    if len(alike) < (_LEAST_OF_WEEKDAY if by_weekday else _LEAST_DAYS):
        return None
    expected = float(alike.median())
    usual = history.groupby(weekdays).transform("median") if by_weekday else history.median()
    deviation = _DEVIATION_OF_NORMAL * float((history - usual).abs().median())
    return Verdict(key, actual, expected, (actual - expected) / max(deviation, smallest(expected)))
