"""How far a forecast may be off: by the candidate's own errors in the backtest, by weeks ahead.

Errors are shares of the forecast, so that a large day has a wide band and a closed one has none.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sales_assets.ml.series import WEEK

LEVELS = (80, 95)
"""The shares of days, in percent, that lie within the bands."""

Bands = Mapping[str, Mapping[str, list[float]]]
"""By series and `lower_80` and so on: the error, as a share of the forecast, for each week ahead."""


def measure_bands(backtest: pd.DataFrame, candidate: str) -> dict[str, dict[str, list[float]]]:
    """Measure the bands of a candidate, for each series and week ahead.

    Args:
        backtest: See `backtest.run_backtest`.
        candidate: The column with its forecasts.
    """
    errors = _measure_errors(backtest, candidate)
    bands: dict[str, dict[str, list[float]]] = {}
    for series, rows in errors.groupby("series"):
        weeks = [rows.loc[rows["week"] == week, "error"].to_numpy() for week in sorted(rows["week"].unique())]
        bands[str(series)] = {
            f"{side}_{level}": [_find_bound(week, level, side) for week in weeks]
            for level in LEVELS
            for side in ("lower", "upper")
        }
    return bands


def apply_bands(forecast: pd.DataFrame, bands: Bands) -> pd.DataFrame:
    """Put the bands around a forecast.

    Args:
        forecast: Revenue, days by series.
        bands: See `measure_bands`.

    Returns:
        A row for each day and series: `day`, `segment`, `forecast`, and the bounds of each band.
    """
    parts = []
    for series in forecast.columns:
        values = forecast[series].to_numpy()
        weeks = np.minimum(np.arange(len(values)) // WEEK, len(bands[series]["lower_80"]) - 1)
        bounds = {
            name: np.maximum(values * (1 + np.array(by_week)[weeks]), 0.0)
            for name, by_week in sorted(bands[series].items())
        }
        parts.append(pd.DataFrame({"day": forecast.index, "segment": series, "forecast": values, **bounds}))
    return pd.concat(parts, ignore_index=True)


def measure_coverage(backtest: pd.DataFrame, candidate: str) -> dict[str, float]:
    """Measure which share of days lies within each band, if the band is that of all other origins.

    Returns:
        The share by band: `coverage_80` and `coverage_95`.
    """
    errors = _measure_errors(backtest, candidate)
    inside: dict[str, list[np.ndarray]] = {f"coverage_{level}": [] for level in LEVELS}
    for _, rows in errors.groupby(["series", "week"]):
        for origin in rows["origin"].unique():
            is_here = (rows["origin"] == origin).to_numpy()
            here, others = rows["error"].to_numpy()[is_here], rows["error"].to_numpy()[~is_here]
            for level in LEVELS:
                bounds = (_find_bound(others, level, side) for side in ("lower", "upper"))
                lower, upper = bounds
                inside[f"coverage_{level}"].append((here >= lower) & (here <= upper))
    return {name: float(np.concatenate(parts).mean()) for name, parts in inside.items()}


def _measure_errors(backtest: pd.DataFrame, candidate: str) -> pd.DataFrame:
    rows = backtest[backtest[candidate] > 0]
    errors = rows["actual"] / rows[candidate] - 1
    return rows[["origin", "series"]].assign(week=(rows["ahead"] - 1) // WEEK, error=errors)


def _find_bound(errors: np.ndarray, level: int, side: str) -> float:
    """The error that the given share of days does not exceed on a side, with one more day at its end.

    Without it, the band of few days would be too narrow for the next one.
    """
    if not len(errors):
        return 0.0
    tail = (1 - level / 100) / 2
    rank = max(int(tail * (len(errors) + 1)) - 1, 0)
    ordered = np.sort(errors)
    bound = ordered[rank] if side == "lower" else ordered[-1 - rank]
    return float(min(bound, 0.0) if side == "lower" else max(bound, 0.0))
