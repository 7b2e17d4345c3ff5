"""Who competes: three baselines, three models and their average. A new one is a file here and a line below.

A candidate is a function of the series up to the day that it may know (see `series.py`) and of the days to
forecast; it returns revenue, days by series. It gets nothing else, so it cannot know more.
"""

from collections.abc import Callable, Mapping

import pandas as pd

from sales_assets.ml.candidates.baselines import (
    forecast_seasonal_naive,
    forecast_typical_day,
    forecast_weekday_mean,
)
from sales_assets.ml.candidates.boosting import forecast_boosting
from sales_assets.ml.candidates.ridge import forecast_ridge
from sales_assets.ml.candidates.smoothing import forecast_smoothing
from sales_assets.ml.holidays import NO_HOLIDAYS, Holidays, forecast_around_holidays
from sales_assets.ml.reconcile import reconcile_segments

Candidate = Callable[[pd.DataFrame, pd.DatetimeIndex], pd.DataFrame]

AVERAGE = "average"

BASELINES: Mapping[str, Candidate] = {
    "seasonal_naive": forecast_seasonal_naive,
    "weekday_mean": forecast_weekday_mean,
    "typical_day": forecast_typical_day,
}
"""What a model has to beat."""

MODELS: Mapping[str, Candidate] = {
    "ridge": forecast_ridge,
    "boosting": forecast_boosting,
    "smoothing": forecast_smoothing,
}
"""What learns."""

COMPETITORS = (*MODELS, AVERAGE)
"""What may be published."""


def forecast_with_all(
    history: pd.DataFrame, days: pd.DatetimeIndex, holidays: Holidays = NO_HOLIDAYS
) -> dict[str, pd.DataFrame]:
    """Forecast with every candidate, none less than nothing, and each such that its segments add up.

    The average is of all models: what one has learned wrongly, the others dampen.

    Args:
        history: The series up to the day that a model may know; see `series.build_series`.
        days: The days after it, without a gap.
        holidays: What models know of these days; baselines do not.

    Returns:
        Revenue by candidate: days by series.
    """
    models = {
        name: forecast_around_holidays(model, history, days, holidays) for name, model in MODELS.items()
    }
    baselines = {name: forecast(history, days) for name, forecast in BASELINES.items()}
    forecasts = {name: each.clip(lower=0.0) for name, each in {**baselines, **models}.items()}
    averaged = [forecasts[name] for name in MODELS]
    forecasts[AVERAGE] = sum(averaged[1:], start=averaged[0]) / len(averaged)
    return {name: reconcile_segments(forecast) for name, forecast in forecasts.items()}
