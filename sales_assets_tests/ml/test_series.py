"""The series: which days are missing, closed or unusual, and what is left of them."""

import numpy as np
import pandas as pd

from sales_assets.ml.reconcile import reconcile_segments
from sales_assets.ml.series import TOTAL, build_series, count_odd_days, find_unusual_days
from sales_assets_tests.support.revenue import made_up_revenue


def test_a_missing_day_is_null_a_closed_one_zero_and_a_segment_without_sales_sold_nothing() -> None:
    rows = made_up_revenue(140)
    days = rows["order_date"]
    is_sunday, missing = days.dt.dayofweek == 6, pd.Timestamp("2026-10-07")
    lacks_segment = (days == "2026-10-08") & (rows["segment"] == "unknown")
    series = build_series(rows[~is_sunday & (days != missing) & ~lacks_segment])
    sundays = series[pd.DatetimeIndex(series.index).dayofweek == 6]
    assert (sundays == 0).all(axis=None)
    assert len(sundays) > 10
    assert series.loc[missing].isna().all()
    assert series["unknown"]["2026-10-08"] == 0
    assert series[TOTAL]["2026-10-08"] > 0
    odd = count_odd_days(series)
    assert (odd.missing, odd.closed) == (1, len(sundays))


def test_a_day_far_from_its_weekday_is_unusual_and_a_new_level_is_not() -> None:
    weeks = np.tile([100.0, 90, 95, 100, 120, 130, 70], 30)
    history = pd.DataFrame({TOTAL: weeks}, pd.date_range("2025-01-06", periods=len(weeks)))
    history.iloc[100] *= 4
    history.iloc[140] *= 0.2
    history.iloc[196:] *= 2  # two weeks, to the end
    unusual = find_unusual_days(history)[TOTAL].to_numpy()
    assert np.flatnonzero(unusual).tolist() == [100, 140]


def test_segments_add_up_to_the_total_that_was_forecast() -> None:
    days = pd.date_range("2025-01-06", periods=2)
    forecast = pd.DataFrame({"a": [10.0, 0.0], "b": [30.0, 0.0], TOTAL: [60.0, 5.0]}, days)
    reconciled = reconcile_segments(forecast)
    assert reconciled.loc[days[0]].to_dict() == {"a": 15.0, "b": 45.0, TOTAL: 60.0}
    assert reconciled.loc[days[1]].to_dict() == {"a": 0.0, "b": 0.0, TOTAL: 0.0}
