"""Holidays: how revenue of such days differs from that of other days of their weekday.

Which days they are is read from a table that people fill; nothing here knows a country. The table is
optional, and without it every model forecasts as if there were none.
"""

from collections.abc import Callable, Mapping

import pandas as pd

from sales_assets.ml.series import WEEK

Holidays = Mapping[str, str]
"""Names of holidays by day, as YYYY-MM-DD; of the past and of the days to forecast."""

NO_HOLIDAYS: Holidays = {}

_WEEKS_AROUND = 4
_DOUBT = 1.0
"""How many holidays without any effect are added to those that are known: one alone may be chance."""

_MOST = 5.0


def build_holidays(rows: pd.DataFrame) -> Holidays:
    """Build the holidays from the rows of the table.

    Args:
        rows: `day` and `name`; of two names of a day the first in the alphabet counts.
    """
    days = pd.to_datetime(rows["day"]).dt.strftime("%Y-%m-%d")
    named = pd.DataFrame({"day": days, "name": rows["name"].fillna("holiday").astype(str)})
    first = named.dropna().sort_values(["day", "name"]).drop_duplicates("day")
    return dict(zip(first["day"], first["name"], strict=True))


def select_holidays(holidays: Holidays, first: pd.Timestamp, last: pd.Timestamp) -> Holidays:
    """Select those from one day to another, in order."""
    return {day: holidays[day] for day in sorted(holidays) if first <= pd.Timestamp(day) <= last}


def forecast_around_holidays(
    forecast: Callable[[pd.DataFrame, pd.DatetimeIndex], pd.DataFrame],
    history: pd.DataFrame,
    days: pd.DatetimeIndex,
    holidays: Holidays,
) -> pd.DataFrame:
    """Forecast from the days that are none, and change holidays as earlier ones differed.

    Args:
        forecast: A candidate.
        history: The series up to the day that a model may know; see `series.build_series`.
        days: The days to forecast.
        holidays: Of these and of the history; empty changes nothing.
    """
    if not holidays:
        return forecast(history, days)
    names = pd.Series({pd.Timestamp(day): name for day, name in holidays.items()})
    usual = history.copy()
    usual.loc[usual.index.isin(names.index)] = float("nan")
    expected = forecast(usual, days)
    effects = _measure_effects(history, usual, names)
    for day in days[days.isin(names.index)]:
        expected.loc[day] *= effects.loc[names[day]] if names[day] in effects.index else effects.loc[""]
    return expected


def _measure_effects(history: pd.DataFrame, usual: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Measure revenue of holidays as a share of the same weekday around them, by name; "" is any other.

    A name that is known from few days is taken to be more like all holidays, and these more like usual days.
    """
    window = 2 * _WEEKS_AROUND + 1
    weekdays = [
        usual.iloc[number::WEEK].rolling(window, center=True, min_periods=1).median()
        for number in range(WEEK)
    ]
    around = pd.concat(weekdays).sort_index()
    shares = (history / around.where(around > 0)).clip(upper=_MOST)
    known = shares.loc[shares.index.isin(names.index)]
    of_all = (known.sum() + _DOUBT) / (known.count() + _DOUBT)
    by_name = known.groupby(names.reindex(known.index).to_numpy())
    effects = (by_name.sum() + _DOUBT * of_all) / (by_name.count() + _DOUBT)
    effects.loc[""] = of_all
    return effects
