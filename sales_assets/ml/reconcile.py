"""Makes the segments of a forecast add up to its total."""

import numpy as np
import pandas as pd

from sales_assets.ml.series import TOTAL


def reconcile_segments(forecast: pd.DataFrame) -> pd.DataFrame:
    """Scale the segments of each day so that they add up to the day's total.

    The total is forecast for itself, because its noise is the smallest. If no segment has anything for a day
    on which the total has, the day keeps the sum of the segments, which is nothing.

    Args:
        forecast: Revenue, days by segments and `total`.
    """
    segments = forecast.drop(columns=TOTAL)
    sums = segments.sum(axis=1).to_numpy()
    factors = np.divide(forecast[TOTAL].to_numpy(), sums, out=np.zeros(len(sums)), where=sums > 0)
    scaled = segments.mul(factors, axis=0)
    return scaled.assign(**{TOTAL: scaled.sum(axis=1)})
