"""Ridge regression on the logarithm of revenue: weekday, trend and the season of the year."""

import numpy as np
import pandas as pd

from sales_assets.ml.series import WEEK, drop_unusual_days

_YEAR = 365.25
_HARMONICS = 2
_PENALTY = 1.0
_HALF_LIFE = 180.0
_RECENT = 28
_LEAST_DAYS = 28


def forecast_ridge(history: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Forecast each series by a regression of its own, moved to the level of its last four weeks.

    The season is learned only from a year of days or more. Unusual days and days without sales are left out;
    a weekday without any sale in the last eight weeks stays without.
    """
    usable = drop_unusual_days(history)
    columns = {str(name): _forecast_one(history[name], usable[name], days) for name in history.columns}
    return pd.DataFrame(columns, days)


def _forecast_one(revenue: pd.Series, usable: pd.Series, days: pd.DatetimeIndex) -> np.ndarray:
    from sklearn.linear_model import Ridge  # noqa: PLC0415 - three seconds

    usable = usable[usable > 0]
    if len(usable) < _LEAST_DAYS:
        return np.full(len(days), max(float(revenue.tail(8 * WEEK).mean()), 0.0))
    known, start = pd.DatetimeIndex(usable.index), pd.DatetimeIndex(revenue.index)[0]
    harmonics = _HARMONICS if (known[-1] - known[0]).days >= _YEAR else 0
    features, logs = _build_features(known, start, harmonics), np.log(usable.to_numpy())
    age = -np.asarray((known - known[-1]).days)
    model = Ridge(alpha=_PENALTY).fit(features, logs, sample_weight=0.5 ** (age / _HALF_LIFE))
    level = _find_level(usable.to_numpy(float), np.exp(model.predict(features)), age < _RECENT)
    forecast = level * np.exp(model.predict(_build_features(days, start, harmonics)))
    is_open = np.isin(days.dayofweek, _open_weekdays(revenue))
    return np.asarray(forecast * is_open)


def _find_level(actual: np.ndarray, fitted: np.ndarray, recent: np.ndarray) -> float:
    """The level of the last four weeks against the fitted one; nearer to it the fewer days are known."""
    known = int(recent.sum())
    return 1 + known / (known + WEEK) * (float(np.mean(actual[recent] / fitted[recent])) - 1)


def _build_features(days: pd.DatetimeIndex, start: pd.Timestamp, harmonics: int) -> np.ndarray:
    weekdays = np.eye(WEEK)[days.dayofweek]
    trend = np.asarray((days - start).days / _YEAR)[:, None]
    angle = 2 * np.pi * np.asarray(days.dayofyear) / _YEAR
    season = [f(k * angle) for k in range(1, harmonics + 1) for f in (np.sin, np.cos)]
    return np.column_stack([weekdays, trend, *season])


def _open_weekdays(revenue: pd.Series) -> np.ndarray:
    recent = revenue.tail(8 * WEEK)
    return np.unique(pd.DatetimeIndex(recent.index[recent > 0]).dayofweek)
