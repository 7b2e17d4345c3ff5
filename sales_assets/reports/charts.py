"""The charts of gold's marts: frames in, Altair charts out. Needs the extra `reports`.

Every place that shows a chart (the catalog, a page, a mail) draws it with these functions. Numbers belong to
`key_figures.py`, images of the charts to `drawings.py`.
"""

from collections.abc import Callable, Mapping

import altair as alt
import pandas as pd

Chart = alt.Chart | alt.FacetChart | alt.LayerChart

Rows = pd.DataFrame | alt.NamedData
"""The rows of a chart, or the name under which a page will give them."""

_WIDTH, _HEIGHT = 560, 150
_VERDICTS = alt.Scale(domain=["high", "low"], range=["#2a9d8f", "#d1495b"])


def plot_daily_sales(sales: pd.DataFrame) -> Chart:
    """Plot revenue by business day: a line per channel, a panel per currency.

    Args:
        sales: `order_date`, `channel`, `currency`, `total_amount` in that currency; once per combination.
    """
    return _split_by_currency(draw_daily_lines(sales, "total_amount", "Revenue"))


def plot_monthly_revenue(revenue: pd.DataFrame) -> Chart:
    """Plot revenue by month: bars stacked by channel, a panel per currency.

    Args:
        revenue: `month`, `channel`, `currency`, `total_amount` in that currency; once per combination.
    """
    return _split_by_currency(draw_monthly_bars(revenue, "channel", "total_amount", "Revenue"))


def plot_sales_anomalies(days: pd.DataFrame) -> Chart:
    """Plot revenue against what was expected, with the unusual days marked, a panel per currency.

    Args:
        days: `order_date`, `currency`, `verdict`, `actual` and `expected` in that currency; one row per day
            and series. Rows that were not judged are not drawn.
    """
    return _split_by_currency(draw_anomalies(overlay_anomalies(days)))


def overlay_anomalies(days: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that `draw_anomalies` draws: both lines of each currency, and a mark per verdict.

    Args:
        days: As `plot_sales_anomalies` takes them.

    Returns:
        `currency`, `order_date`, `revenue`; `line` (`actual`, `expected`) or `verdict`, the other null.
    """
    judged = days[days["verdict"] != "not_judged"]
    key = ["currency", "order_date"]
    by_day = judged.groupby(key, as_index=False)[["actual", "expected"]].sum()
    unusual = judged.loc[judged["verdict"].isin(["high", "low"]), [*key, "verdict"]].drop_duplicates()
    lines = by_day.melt(key, var_name="line", value_name="revenue")
    marks = unusual.merge(by_day[[*key, "actual"]], on=key).rename(columns={"actual": "revenue"})
    return pd.concat([lines, marks])


def plot_customer_cohorts(cohorts: pd.DataFrame) -> Chart:
    """Plot which share of each cohort ordered again: a square per cohort and month.

    Args:
        cohorts: `cohort_month`, `months_since_first_order`, `retention` from 0 to 1; once per combination.
    """
    return draw_cohorts(cohorts[cohorts["months_since_first_order"] > 0])


def draw_daily_lines(rows: Rows, column: str, title: str) -> alt.Chart:
    """Draw a number by `order_date`, a line per `channel`."""
    lines: alt.Chart = _start(rows).mark_line().encode(_DAY, show_number(column, title), _CHANNELS)
    return lines


def draw_monthly_bars(rows: Rows, by: str, column: str, title: str) -> alt.Chart:
    """Draw a number by `month`, as bars stacked by another column."""
    month = alt.X("yearmonth(month):O", title=None, axis=alt.Axis(format="%b %Y", labelAngle=-45))
    colors = alt.Color(f"{by}:N", title=by.capitalize())
    bars: alt.Chart = _start(rows).mark_bar().encode(month, show_number(column, title), colors)
    return bars


def draw_anomalies(rows: Rows) -> alt.LayerChart:
    """Draw what `overlay_anomalies` returns."""
    base = _start(rows).encode(_DAY, show_number("revenue", "Revenue"))
    drawn = base.transform_filter("datum.line != null").mark_line()
    marked = base.transform_filter("datum.verdict != null").mark_point(filled=True, size=60)
    return alt.LayerChart(
        layer=[
            drawn.encode(alt.StrokeDash("line:N", title=None, sort=["actual", "expected"])),
            marked.encode(alt.Color("verdict:N", title="Unusual", scale=_VERDICTS)),
        ]
    )


def draw_cohorts(rows: Rows) -> alt.Chart:
    """Draw `retention` by `cohort_month` and `months_since_first_order`, from the first month after it on."""
    squares = _start(rows).encode(
        alt.X(
            "months_since_first_order:O", title="Months since the first order", axis=alt.Axis(labelAngle=0)
        ),
        alt.Y("yearmonth(cohort_month):O", title="First order", axis=alt.Axis(format="%b %Y")),
    )
    colors = alt.Color("retention:Q", title="Ordered again", legend=alt.Legend(format="%"))
    chart: alt.Chart = squares.mark_rect().encode(colors)
    return chart


def plot_forecast(revenue: pd.DataFrame, forecast: pd.DataFrame) -> Chart:
    """Plot revenue, its forecast, and the bands that four and nineteen days in twenty are within.

    Args:
        revenue: `day`, `revenue`; null on missing days.
        forecast: `day`, `forecast`, `lower_80`, `upper_80`, `lower_95`, `upper_95`, of one series.
    """
    lines = pd.concat(
        [
            revenue.assign(line="actual"),
            forecast[["day", "forecast"]].rename(columns={"forecast": "revenue"}).assign(line="forecast"),
        ]
    )
    day = alt.X("day:T", title=None, axis=alt.Axis(tickCount=8))
    bands = [
        _start(forecast)
        .mark_area(opacity=0.2, color="#4c78a8")
        .encode(day, show_number(f"lower_{level}", "Revenue"), alt.Y2(f"upper_{level}"))
        for level in (95, 80)
    ]
    drawn = _start(lines).mark_line().encode(day, show_number("revenue", "Revenue"), _LINES)
    return alt.LayerChart(layer=[*bands, drawn])


PLOTS: Mapping[str, Callable[[pd.DataFrame], Chart]] = {
    "daily_sales": plot_daily_sales,
    "monthly_revenue": plot_monthly_revenue,
    "sales_anomalies": plot_sales_anomalies,
    "customer_cohorts": plot_customer_cohorts,
}
"""The plot of each mart that has one."""


_LINES = alt.StrokeDash("line:N", title=None, sort=["actual", "forecast"])
_DAY = alt.X("order_date:T", title=None, axis=alt.Axis(tickCount=8))
_CHANNELS = alt.Color("channel:N", title="Channel")


def _start(rows: Rows) -> alt.Chart:
    return alt.Chart(rows, width=_WIDTH, height=_HEIGHT)


def show_number(column: str, title: str) -> alt.Y:
    """The axis of an amount or a count."""
    return alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5))


def _split_by_currency(chart: alt.Chart | alt.LayerChart) -> alt.FacetChart:
    """Amounts in different currencies never share an axis."""
    panels: alt.FacetChart = chart.facet(row=alt.Row("currency:N", title=None))
    separate: alt.FacetChart = panels.resolve_scale(y="independent")
    return separate
