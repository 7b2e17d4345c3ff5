"""What may be published: not noise, not a leak, not what is like yesterday, not what was better before."""

import numpy as np
import pandas as pd
import pytest

from sales_assets.errors import RefusedError
from sales_assets.ml.backtest import HORIZON, list_origins, run_backtest
from sales_assets.ml.candidates import competition
from sales_assets.ml.candidates.competition import BASELINES, COMPETITORS, forecast_with_all
from sales_assets.ml.champion import choose_champion
from sales_assets.ml.gate import judge
from sales_assets.ml.intervals import measure_bands, measure_coverage
from sales_assets.ml.scores import measure_wape, wape_by_origin
from sales_assets.ml.series import TOTAL, build_series
from sales_assets_tests.support.revenue import made_up_revenue, shuffle_days

pytestmark = pytest.mark.slow  # each trains models


@pytest.fixture(scope="module")
def series() -> pd.DataFrame:
    return build_series(made_up_revenue())


@pytest.fixture(scope="module")
def backtest(series: pd.DataFrame) -> pd.DataFrame:
    return run_backtest(series)


def test_what_can_be_learned_is_published_and_beats_every_baseline(backtest: pd.DataFrame) -> None:
    champion, reasons = choose_champion(backtest, {})
    assert reasons == []
    assert champion in COMPETITORS
    assert all(measure_wape(backtest, champion) < 0.95 * measure_wape(backtest, each) for each in BASELINES)


def test_a_candidate_knows_nothing_of_the_days_that_it_forecasts(
    series: pd.DataFrame, backtest: pd.DataFrame
) -> None:
    origin = sorted(backtest["origin"].unique())[3]
    later = series.copy()
    later.loc[origin:] *= np.random.default_rng(2).uniform(0.1, 9, later.loc[origin:].shape)
    again = run_backtest(later)
    names = [*BASELINES, *COMPETITORS]
    until = backtest["origin"] <= origin
    pd.testing.assert_frame_equal(backtest.loc[until, names], again.loc[until, names])
    assert not backtest.loc[~until, names].equals(again.loc[~until, names])


def test_noise_is_refused() -> None:
    shuffled = build_series(shuffle_days(made_up_revenue(noise=0.2)))
    _, reasons = choose_champion(run_backtest(shuffled), {})
    assert any("typical_day" in reason for reason in reasons)


def test_a_flat_series_is_refused() -> None:
    rows = made_up_revenue().assign(revenue=1000.0)
    _, reasons = choose_champion(run_backtest(build_series(rows)), {})
    assert any("it has to be less by 10%" in reason for reason in reasons)


def test_a_candidate_that_knows_the_future_is_refused(
    series: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forecast_with_a_leak(_: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
        noise = np.random.default_rng(3).normal(1, 0.01, (len(days), len(series.columns)))
        return series.loc[days] * noise

    leaking = {"leak": forecast_with_a_leak}
    monkeypatch.setattr(competition, "MODELS", leaking)
    backtest = run_backtest(series)
    assert any("does it know the future?" in reason for reason in judge(backtest, "leak", {}))


def test_a_model_that_is_worse_than_the_published_one_on_the_same_windows_is_refused(
    backtest: pd.DataFrame,
) -> None:
    champion, _ = choose_champion(backtest, {})
    published = wape_by_origin(backtest, champion)
    assert judge(backtest, champion, {origin: wape * 0.95 for origin, wape in published.items()}) == []
    [reason] = judge(backtest, champion, {origin: wape * 0.85 for origin, wape in published.items()})
    assert "that of the last published model" in reason
    assert judge(backtest, champion, {"2020-01-01": 0.0}) == []


def test_a_model_that_was_right_once_and_no_longer_is_refused(backtest: pd.DataFrame) -> None:
    champion, _ = choose_champion(backtest, {})
    is_late = backtest["origin"] >= sorted(backtest["origin"].unique())[-1]
    spoilt = backtest[champion].where(~is_late, backtest["actual"] * 1.3)
    assert any("latest" in reason for reason in judge(backtest.assign(**{champion: spoilt}), champion, {}))


def test_windows_lie_on_a_grid_and_a_short_history_is_refused() -> None:
    first = pd.Timestamp("2025-01-01")
    this_week = list_origins(first, pd.Timestamp("2026-11-22"))
    next_week = list_origins(first, pd.Timestamp("2026-11-29"))
    assert len({*this_week} & {*next_week}) >= 11
    assert next_week[-1] + pd.Timedelta(days=HORIZON - 1) == pd.Timestamp("2026-11-29")
    with pytest.raises(RefusedError, match=r"There are sales of 200 days, and a forecast .* needs 308"):
        list_origins(first, first + pd.Timedelta(days=199))


def test_bands_hold_what_they_promise_on_days_that_they_were_not_made_from(backtest: pd.DataFrame) -> None:
    champion, _ = choose_champion(backtest, {})
    coverage = measure_coverage(backtest, champion)
    assert 0.72 < coverage["coverage_80"] < 0.92
    assert 0.90 < coverage["coverage_95"] <= 1.0
    for bounds in measure_bands(backtest, champion).values():
        for week in range(4):
            edges = [bounds[name][week] for name in ("lower_95", "lower_80", "upper_80", "upper_95")]
            assert edges == sorted(edges)
            assert edges[1] <= 0 <= edges[2]


def test_forecasts_are_never_negative_and_segments_add_up(series: pd.DataFrame) -> None:
    days = pd.date_range(series.index[-1] + pd.Timedelta(days=1), periods=HORIZON)
    series = series.assign(unknown=0.0)
    for forecast in forecast_with_all(series, days).values():
        assert (forecast >= 0).all(axis=None)
        np.testing.assert_allclose(forecast.drop(columns=TOTAL).sum(axis=1), forecast[TOTAL])


def test_one_month_that_was_worse_is_chance_and_two_in_a_row_are_not(backtest: pd.DataFrame) -> None:
    champion, _ = choose_champion(backtest, {})
    best = min(BASELINES, key=lambda each: measure_wape(backtest, each))
    origins = sorted(backtest["origin"].unique())

    def judge_with(spoilt: list[pd.Timestamp]) -> list[str]:
        worse = backtest["actual"] + (backtest[best] - backtest["actual"]) * 1.1
        own = backtest[champion].where(~backtest["origin"].isin(spoilt), worse)
        return judge(backtest.assign(**{champion: own}), champion, {})

    assert judge_with(origins[2:3]) == []
    [reason] = judge_with(origins[2:4])
    assert reason.startswith("In 2 windows in a row, from ")
