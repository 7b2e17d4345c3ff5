"""From revenue by day and segment to a model: backtest, champion, bands, verdict."""

import pandas as pd

from sales_assets.ml.artefact import Artefact, list_values
from sales_assets.ml.backtest import HORIZON, run_backtest
from sales_assets.ml.candidates.competition import forecast_with_all
from sales_assets.ml.champion import choose_champion
from sales_assets.ml.holidays import NO_HOLIDAYS, Holidays, select_holidays
from sales_assets.ml.intervals import apply_bands, measure_bands
from sales_assets.ml.scores import score_candidates, wape_by_origin
from sales_assets.ml.series import TOTAL, build_series, count_odd_days

_DIGITS = 4


def train_model(
    rows: pd.DataFrame,
    code_version: str,
    published: Artefact | None,
    holidays: Holidays = NO_HOLIDAYS,
) -> Artefact:
    """Train a model: the candidate that wins the backtest, or would if it were good enough.

    Args:
        rows: `order_date`, `segment`, `revenue`; see `series.build_series`.
        code_version: The version of the code.
        published: The last model that was published; None if there is none.
        holidays: See `holidays.build_holidays`; those that are too early or too late do not count.

    Raises:
        RefusedError: There are too few days for a backtest.
    """
    series = build_series(rows, holidays)
    first, last = series.index[0], series.index[-1]
    holidays = select_holidays(holidays, first, last + pd.Timedelta(days=HORIZON))
    backtest = run_backtest(series, holidays)
    scores = score_candidates(backtest)
    champion, refusals = choose_champion(backtest, published.wape_by_origin if published else {})
    return Artefact(
        champion=champion,
        code_version=code_version,
        first_day=f"{first:%Y-%m-%d}",
        last_day=f"{last:%Y-%m-%d}",
        series=list_values(series),
        bands=measure_bands(backtest, champion),
        scores=[{str(name): value for name, value in row.items()} for row in scores.to_dict("records")],
        wape_by_origin=wape_by_origin(backtest, champion),
        odd_days=str(count_odd_days(series)),
        refusals=refusals,
        holidays=holidays,
    )


def forecast_with_model(model: Artefact) -> pd.DataFrame:
    """Forecast the 28 days after the last that a model knows.

    Returns:
        The columns of `sales_forecast`, to the digits that are stored: segments add up to `total`.
    """
    history = model.history
    days = pd.date_range(history.index[-1] + pd.Timedelta(days=1), periods=HORIZON)
    rounded = (
        forecast_with_all(history, days, model.holidays)[model.champion].drop(columns=TOTAL).round(_DIGITS)
    )
    forecast = rounded.assign(**{TOTAL: rounded.sum(axis=1)})
    rows = apply_bands(forecast, model.bands).round(_DIGITS)
    return rows.assign(forecast_date=days[0], model=f"{model.champion} {model.version}")
