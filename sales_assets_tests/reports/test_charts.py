"""The charts: what is drawn of gold's rows, and how large it is."""

import base64

import pandas as pd

from sales_assets.reports import charts
from sales_assets.reports.drawings import draw_markdown

DAYS = pd.date_range("2025-01-01", periods=90)
MONTHS = pd.date_range("2023-01-01", periods=24, freq="MS")
CHANNELS = (("erp", "EUR"), ("bazaar", "EUR"), ("kiosk", "GBP"))


def sales(column: str, when: pd.DatetimeIndex) -> pd.DataFrame:
    rows = [
        {column: day, "channel": channel, "currency": currency, "total_amount": 123456.78 + 1000 * number}
        for number, day in enumerate(when)
        for channel, currency in CHANNELS
    ]
    return pd.DataFrame(rows)


def anomalies() -> pd.DataFrame:
    verdicts = ["not_judged"] * 30 + ["normal"] * 40 + ["high", "low"] * 10
    days = pd.DataFrame({"order_date": DAYS, "verdict": verdicts, "actual": 17.0, "expected": 20.0})
    return pd.concat(
        [days.assign(currency=currency, segment=segment) for currency in ("EUR", "GBP") for segment in "abc"]
    )


def cohorts() -> pd.DataFrame:
    rows = [
        {"cohort_month": month, "months_since_first_order": later, "retention": 1 / (1 + later)}
        for month in MONTHS[:12]
        for later in range(13)
    ]
    return pd.DataFrame(rows)


FRAMES = {
    "daily_sales": sales("order_date", DAYS),
    "monthly_revenue": sales("month", MONTHS),
    "sales_anomalies": anomalies(),
    "customer_cohorts": cohorts(),
}
SHOWN = {
    "daily_sales": ["bazaar", "erp", "kiosk", "EUR", "GBP", "200,000"],
    "monthly_revenue": ["bazaar", "erp", "kiosk", "EUR", "GBP", "Jan 2023", "Dec 2024"],
    "sales_anomalies": ["actual", "expected", "high", "low", "EUR", "GBP"],
    "customer_cohorts": ["Jan 2023", "Dec 2023", "12", "50%"],
}


def test_charts_show_each_series_and_are_small_enough_for_the_event_log() -> None:
    drawn = draw_markdown({name: plot(FRAMES[name]) for name, plot in charts.PLOTS.items()})
    assert list(drawn) == list(charts.PLOTS)
    for name, markdown in drawn.items():
        start = f"![{name}](data:image/svg+xml;base64,"
        assert markdown.startswith(start)
        drawing = base64.b64decode(markdown.removeprefix(start).removesuffix(")")).decode()
        assert drawing.startswith("<svg")
        assert [text for text in SHOWN[name] if f">{text}<" not in drawing] == []
        assert len(markdown) < 36_000


def test_days_that_were_not_judged_are_not_drawn_and_each_unusual_day_is_marked_once() -> None:
    drawn = charts.plot_sales_anomalies(anomalies()).to_dict()["datasets"]
    [rows] = [pd.DataFrame(values) for values in drawn.values()]
    assert rows["order_date"].min() == str(DAYS[30].isoformat())
    euros = rows[rows["currency"] == "EUR"]
    marks = euros[euros["verdict"].notna()]
    assert list(marks["verdict"]) == ["high", "low"] * 10
    assert set(marks["revenue"]) == {51.0}
    assert set(euros.loc[euros["line"] == "expected", "revenue"]) == {60.0}
