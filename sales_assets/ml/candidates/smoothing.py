"""Exponential smoothing: a level with a damped trend by weeks, times the shape of the week.

It needs no year of days, so it suits a short history; the season of the year is not in it.
"""

from itertools import product

import numpy as np
import pandas as pd

from sales_assets.ml.candidates.baselines import mean_of_known
from sales_assets.ml.series import WEEK, drop_unusual_days, split_weeks

_SHAPE_WEEKS = 26
"""Weeks that tell the shares of the weekdays: more than tell the level, for they change less."""

_RATES = np.array([*product((0.1, 0.2, 0.35, 0.6), (0.0, 0.05, 0.15))]).T[:, :, None]
"""How quickly level and trend follow; each pair is tried on the series' own past."""

_DAMPING = 0.9
_AHEAD = 4
_WEEKS_TO_START = 8
_MEMORY = 0.98


def forecast_smoothing(history: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Forecast each day as the level of its week times the share of its weekday."""
    weeks = split_weeks(drop_unusual_days(history).to_numpy(float))
    shape = _find_shape(weeks[-_SHAPE_WEEKS:])
    levels = _smooth(_find_levels(weeks, shape))
    number = np.arange(len(days))
    values = shape[number % WEEK] * levels[np.minimum(number // WEEK, _AHEAD - 1)]
    return pd.DataFrame(values, days, history.columns)


def _find_shape(weeks: np.ndarray) -> np.ndarray:
    """How each weekday is to the mean of its week: seven days by series."""
    mean = mean_of_known(weeks, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = np.nan_to_num(mean_of_known(weeks / mean[:, None, :], axis=0))
    sizes = shape.mean(axis=0)
    return np.asarray(shape / np.where(sizes > 0, sizes, 1.0))


def _find_levels(weeks: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """The mean day of each week if its weekdays were alike: weeks by series; null without a day."""
    is_known = np.isfinite(weeks)
    with np.errstate(divide="ignore", invalid="ignore"):
        levels: np.ndarray = np.nansum(weeks, axis=1) / np.where(is_known, shape, 0.0).sum(axis=1)
    return levels


def _smooth(levels: np.ndarray) -> np.ndarray:
    """The levels of the next weeks, with the rates that would have erred least: weeks by series."""
    quickness, turn = _RATES
    level = np.nan_to_num(mean_of_known(levels[:_AHEAD], axis=0)) + np.zeros_like(quickness)
    trend, error = np.zeros_like(level), np.zeros_like(level)
    reach = np.cumsum(_DAMPING ** np.arange(1, _AHEAD + 1))[:, None, None]
    for number, current in enumerate(levels):
        if number >= _WEEKS_TO_START:
            ahead = levels[number : number + _AHEAD, None, :]
            missed = np.abs(np.maximum(level + reach[: len(ahead)] * trend, 0.0) - ahead)
            error = error * _MEMORY + np.nansum(missed, axis=0)
        expected = level + _DAMPING * trend
        is_known = np.isfinite(current)
        found = np.where(is_known, (1 - quickness) * expected + quickness * np.nan_to_num(current), expected)
        moved = np.where(is_known, found - level, _DAMPING * trend)
        trend = (1 - turn) * _DAMPING * trend + turn * moved
        level = found
    best = error.argmin(axis=0)
    chosen = (best, np.arange(levels.shape[1]))
    return np.asarray(np.maximum(level[chosen] + reach[:, :, 0] * trend[chosen], 0.0))
