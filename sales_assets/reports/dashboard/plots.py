"""The plots of the page: specifications without rows, which the page's script gives by name.

Those that the catalog shows too are drawn by the same functions of `charts.py`; the others are here.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt

from sales_assets.reports import charts

_HEIGHT = 220
_CONFIG = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "mark": {"tooltip": True},
    "line": {"point": {"filled": True, "opacity": 0, "size": 80}, "strokeWidth": 1.6},
    "bar": {"color": "#2f6fb0"},
    "axis": {"labelOverlap": True, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal"},
    "axisX": {"grid": False},
    "legend": {"orient": "top", "title": None, "symbolStrokeWidth": 2.5, "labelFontSize": 11},
    "range": {"category": ["#2f6fb0", "#e08a1e", "#2a9d8f", "#b5527a", "#7a6fbe", "#7f8c3a", "#8c564b"]},
}
"""How every plot of the page looks; the colours of its texts are the page's own, for dark mode and print."""


def build_plots() -> dict[str, dict[str, Any]]:
    """Return the Vega-Lite specification of each plot, by the name of its rows."""
    drawn: Mapping[str, charts.Chart] = {
        "revenue": charts.draw_daily_lines(alt.NamedData("revenue"), "total_amount", "Revenue"),
        "orders": charts.draw_daily_lines(alt.NamedData("orders"), "order_count", "Orders"),
        "weeks": _draw_weeks(),
        "channels": charts.draw_monthly_bars(alt.NamedData("channels"), "channel", "total_amount", "Revenue"),
        "segments": _draw_shares("segments", "segment"),
        "cities": _draw_shares("cities", "city"),
        "anomalies": charts.draw_anomalies(alt.NamedData("anomalies")),
        "forecast": _draw_forecast(),
        "customers": charts.draw_monthly_bars(
            alt.NamedData("customers"), "customers", "customer_count", "Customers"
        ),
        "cohorts": charts.draw_cohorts(alt.NamedData("cohorts")),
    }
    return {name: _fit(chart) for name, chart in drawn.items()}


def _draw_weeks() -> alt.Chart:
    lines = ["chosen weeks", "52 weeks before"]
    weeks: alt.Chart = (
        alt.Chart(alt.NamedData("weeks"))
        .mark_line()
        .encode(
            alt.X("week:T", title=None, axis=alt.Axis(tickCount=8)),
            charts.show_number("total_amount", "Revenue of the week"),
            alt.Color("line:N", scale=alt.Scale(domain=lines), sort=lines),
            alt.StrokeDash("line:N", scale=alt.Scale(domain=lines)),
        )
    )
    return weeks


def _draw_shares(name: str, column: str) -> alt.Chart:
    tooltip = [
        alt.Tooltip(f"{column}:N"),
        alt.Tooltip("total_amount:Q", title="Revenue", format=",.2f"),
        alt.Tooltip("order_count:Q", title="Orders", format=","),
    ]
    bars: alt.Chart = (
        alt.Chart(alt.NamedData(name))
        .mark_bar()
        .encode(
            alt.X("total_amount:Q", title="Revenue", axis=alt.Axis(format=",.0f", tickCount=5)),
            alt.Y(f"{column}:N", title=None, sort="-x"),
            tooltip=tooltip,
        )
    )
    return bars


def _draw_forecast() -> alt.LayerChart:
    base = alt.Chart(alt.NamedData("forecast")).encode(alt.X("day:T", title=None, axis=alt.Axis(tickCount=8)))
    bands = [
        base.mark_area(opacity=0.18, color="#e08a1e").encode(
            alt.Y(f"lower_{width}:Q", title="Revenue"), alt.Y2(f"upper_{width}:Q")
        )
        for width in (95, 80)
    ]
    colors = alt.Scale(domain=["actual", "forecast"], range=["#2f6fb0", "#e08a1e"])
    line = base.mark_line().encode(
        charts.show_number("revenue", "Revenue"), alt.Color("line:N", scale=colors)
    )
    return alt.LayerChart(layer=[*bands, line])


def _fit(chart: charts.Chart) -> dict[str, Any]:
    """Return a chart as a specification that is as wide as its place on the page."""
    sized = chart.properties(width="container", height=_HEIGHT)
    specification: dict[str, Any] = sized.to_dict(validate=False)
    for part in (specification, *specification.get("layer", ())):
        for name in ("color", "strokeDash"):
            if (encoding := part.get("encoding", {}).get(name)) and encoding.get("type") == "nominal":
                encoding["legend"] = {"title": None}
        if part is not specification:
            part.pop("width", None)
            part.pop("height", None)
    return {**specification, "config": _CONFIG}
