"""Holidays: what a forecast makes of days that people have named, on any candidate."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from sales_assets.ml.candidates.competition import Candidate
from sales_assets.ml.candidates.ridge import forecast_ridge
from sales_assets.ml.candidates.smoothing import forecast_smoothing
from sales_assets.ml.holidays import build_holidays, forecast_around_holidays, select_holidays
from sales_assets.ml.queries import read_holidays
from sales_assets.ml.series import TOTAL, build_series
from sales_assets_tests.support.revenue import made_up_revenue
from sales_assets_tests.support.warehouses import temporary_duckdb

ROWS = made_up_revenue(days=230, noise=0.02)
LAST = pd.Timestamp(ROWS["order_date"].max())
DAYS = pd.date_range(LAST + pd.Timedelta(days=1), periods=28)
COMING = DAYS[9]
FAIRS = [LAST - pd.Timedelta(days=ago) for ago in (150, 101, 45)]
HOLIDAYS = build_holidays(pd.DataFrame({"day": [*FAIRS, COMING], "name": "fair"}))


def series_with_fairs(factor: float) -> pd.DataFrame:
    is_fair = ROWS["order_date"].isin(FAIRS)
    rows = ROWS.assign(revenue=ROWS["revenue"] * np.where(is_fair, factor, 1.0))
    return build_series(rows[rows["revenue"] > 0], HOLIDAYS)


@pytest.mark.parametrize("candidate", [forecast_ridge, forecast_smoothing])
@pytest.mark.parametrize(("factor", "expected"), [(2.6, 2.5), (0.4, 0.44), (0.0, 0.06)])
def test_a_holiday_is_forecast_as_earlier_ones_differed_and_other_days_as_without(
    candidate: Candidate, factor: float, expected: float
) -> None:
    history = series_with_fairs(factor)
    usual = candidate(build_series(ROWS), DAYS)
    forecast = forecast_around_holidays(candidate, history, DAYS, HOLIDAYS)
    shares = forecast[TOTAL] / usual[TOTAL]
    assert shares[COMING] == pytest.approx(expected, abs=0.06)
    assert shares.drop(COMING).between(0.97, 1.03).all()


def test_a_holiday_without_sales_is_closed_and_no_missing_day() -> None:
    history = series_with_fairs(0.0)
    assert (history.loc[FAIRS, TOTAL] == 0.0).all()
    without = build_series(ROWS[~ROWS["order_date"].isin(FAIRS)])
    assert without.loc[FAIRS, TOTAL].isna().all()


def test_a_name_that_is_new_differs_as_all_others_do_and_one_that_is_known_as_itself() -> None:
    history = series_with_fairs(2.0)
    named = {**HOLIDAYS, f"{DAYS[16]:%Y-%m-%d}": "wedding"}
    usual = forecast_smoothing(history, DAYS)[TOTAL]
    forecast = forecast_around_holidays(forecast_smoothing, history, DAYS, named)[TOTAL]
    assert 1.5 < forecast[DAYS[16]] / usual[DAYS[16]] < forecast[COMING] / usual[COMING] < 2.0


def test_holidays_are_read_from_the_table_and_those_of_other_years_do_not_count(tmp_path: Path) -> None:
    with temporary_duckdb(tmp_path) as warehouse:
        with duckdb.connect(str(tmp_path / "sales.duckdb")) as connection:
            connection.execute("create schema ml; create table ml.holidays (day date, name varchar)")
            connection.execute("insert into ml.holidays values ('2026-12-25', 'B'), ('2026-12-25', 'A')")
            connection.execute("insert into ml.holidays values ('2040-01-01', 'C')")
        found = read_holidays(warehouse.reader)
    assert found == {"2026-12-25": "A", "2040-01-01": "C"}
    assert select_holidays(found, DAYS[0], pd.Timestamp("2027-01-31")) == {"2026-12-25": "A"}
