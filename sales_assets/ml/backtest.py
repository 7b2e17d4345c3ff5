"""The backtest: what each candidate would have forecast at origins of the past, beside what came.

What the errors say of a candidate belongs to `scores.py`, who wins to `champion.py`.
"""

import numpy as np
import pandas as pd

from sales_assets.errors import RefusedError
from sales_assets.ml.candidates.competition import forecast_with_all
from sales_assets.ml.holidays import NO_HOLIDAYS, Holidays

HORIZON = 28
"""How many days are forecast."""

LEAST_ORIGINS = 6
LEAST_HISTORY = 112
"""How many origins a backtest has at least, and how many days the first of them knows at least."""

MOST_ORIGINS = 12
_GRID = pd.Timestamp("2000-01-03")


def list_origins(first: pd.Timestamp, last: pd.Timestamp) -> list[pd.Timestamp]:
    """List the first days of the windows of a backtest: 28 days each, at most twelve and the latest one.

    The twelve lie on a grid that does not move, so that two backtests have windows in common. The latest one
    ends with the last day, and may overlap with the one before.

    Args:
        first: The first day of the series.
        last: Its last day.

    Raises:
        RefusedError: There are fewer than six.
    """
    latest = last - pd.Timedelta(days=HORIZON - 1)
    on_grid = latest - pd.Timedelta(days=(latest - _GRID).days % HORIZON)
    earliest = first + pd.Timedelta(days=LEAST_HISTORY)
    origins = pd.date_range(end=on_grid, periods=MOST_ORIGINS, freq=f"{HORIZON}D")
    found = [origin for origin in origins if origin >= earliest]
    if len(found) < LEAST_ORIGINS:
        need = LEAST_HISTORY + (LEAST_ORIGINS + 1) * HORIZON
        message = (
            f"There are sales of {(last - first).days + 1} days, and a forecast that was tried on "
            f"{LEAST_ORIGINS} past months needs {need}. No stored data was changed. Load earlier days with "
            "`make backfill`, or wait until there are enough."
        )
        raise RefusedError(message)
    return found if on_grid == latest else [*found, latest]


def run_backtest(series: pd.DataFrame, holidays: Holidays = NO_HOLIDAYS) -> pd.DataFrame:
    """Forecast 28 days at each origin, with every candidate, from nothing but what was known then.

    Args:
        series: Revenue by day and series; see `series.build_series`.
        holidays: Known long before, so that each forecast may know all of them.

    Returns:
        A row for each origin, day and series whose revenue is known: `origin`, `day`, `ahead` from 1 to 28,
        `series`, `actual`, and the forecast of each candidate in a column of its name.
    """
    first, last = series.index[0], series.index[-1]
    parts = [_try_at(origin, series, holidays) for origin in list_origins(first, last)]
    return pd.concat(parts, ignore_index=True).dropna(subset="actual")


def _try_at(origin: pd.Timestamp, series: pd.DataFrame, holidays: Holidays) -> pd.DataFrame:
    days = pd.date_range(origin, periods=HORIZON)
    history = series.loc[: origin - pd.Timedelta(days=1)].copy()
    forecasts = forecast_with_all(history, days, holidays)
    return pd.DataFrame(
        {
            "origin": origin,
            "day": np.repeat(days.to_numpy(), len(series.columns)),
            "ahead": np.repeat(np.arange(1, HORIZON + 1), len(series.columns)),
            "series": np.tile(series.columns.to_numpy(), HORIZON),
            "actual": series.loc[days].to_numpy().ravel(),
            **{name: forecast.to_numpy().ravel() for name, forecast in forecasts.items()},
        }
    )
