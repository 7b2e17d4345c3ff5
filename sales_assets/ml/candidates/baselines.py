"""The forecasts that need no model: what a person would do with a pencil. A model has to beat all of them."""

import warnings

import numpy as np
import pandas as pd

from sales_assets.ml.series import WEEK, split_weeks

WEEKS = 8
"""How many weeks the mean of a weekday is made of."""


def forecast_seasonal_naive(history: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Forecast each day as the latest same weekday that is not missing, of the last eight weeks."""
    weeks = split_weeks(history.tail(WEEK * WEEKS).to_numpy(float))
    latest = weeks[-1]
    for week in weeks[-2::-1]:
        latest = np.where(np.isnan(latest), week, latest)
    return repeat_week(latest, history, days)


def forecast_weekday_mean(history: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Forecast each day as the mean of the same weekday over the last eight weeks."""
    weeks = split_weeks(history.tail(WEEK * WEEKS).to_numpy(float))
    return repeat_week(mean_of_known(weeks, axis=0), history, days)


def forecast_typical_day(history: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Forecast each day as the median of all days: what is best if every day is like any other."""
    typical = history.median().fillna(0.0).to_numpy()
    return pd.DataFrame(np.tile(typical, (len(days), 1)), days, history.columns)


def mean_of_known(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """The mean without missing values; null if all are missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mean: np.ndarray = np.nanmean(values, axis=axis)
    return mean


def repeat_week(week: np.ndarray, history: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Repeat a week, seven days by series, that ends with the last day of the history."""
    ahead = np.asarray((days - pd.DatetimeIndex(history.index)[-1]).days)
    return pd.DataFrame(np.nan_to_num(week[(ahead - 1) % WEEK]), days, history.columns)
