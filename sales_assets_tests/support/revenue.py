"""Revenue that was never earned: series for forecasts, with the pattern that a test needs."""

import numpy as np
import pandas as pd

LAST_DAY = "2026-11-22"
_WEEK = np.array([0.95, 0.9, 0.95, 1.0, 1.25, 1.3, 0.75])
_SHARES = {"consumer": 0.6, "corporate": 0.3, "unknown": 0.1}


def made_up_revenue(days: int = 420, noise: float = 0.05, seed: int = 1) -> pd.DataFrame:
    """Sums by `order_date` and `segment`, as they are read from gold.

    They have a weekly pattern and a trend, and the third of each month sells twice as much: what a model can
    learn, and a mean of weeks cannot.
    """
    random = np.random.default_rng(seed)
    dates = pd.date_range(end=LAST_DAY, periods=days)
    level = 100_000 * np.exp(0.3 * np.arange(days) / 365) * _WEEK[dates.dayofweek]
    level = level * np.where(dates.day <= 5, 1.6, 1.0)
    parts = [
        pd.DataFrame(
            {
                "order_date": dates,
                "segment": segment,
                "revenue": share * level * np.exp(random.normal(0, noise, days)),
            }
        )
        for segment, share in _SHARES.items()
    ]
    return pd.concat(parts, ignore_index=True)


def shuffle_days(rows: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """The same days in another order: nothing is left to learn."""
    dates = rows["order_date"].unique()
    shuffled = np.random.default_rng(seed).permutation(dates)
    return rows.assign(order_date=rows["order_date"].map(dict(zip(dates, shuffled, strict=True))))
