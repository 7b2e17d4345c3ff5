"""Builds the page: figures and trust as text, everything else as rows for the page's own script.

The template, the style and the script are files beside this one. Vega, which draws, is inlined, so that the
page works without a network and never asks one.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from sales_assets.reports.dashboard.cards import build_cards, find_figures
from sales_assets.reports.dashboard.content import DashboardRows, Trust, describe_trust
from sales_assets.reports.dashboard.series import pack_expected, pack_rows, pack_sales
from sales_assets.transforms.marketplace_orders import ERP_CHANNEL

PAGE_NAME = "sales.html"
"""The page's name in its folder."""

_FILES = files("sales_assets.reports.dashboard")

_ERP_ONLY = "The ERP's customers, of all segments."
PLOT_TITLES: Mapping[str, tuple[str, str]] = {
    "revenue": ("Revenue by day", "A line per channel."),
    "orders": ("Orders by day", "A line per channel."),
    "weeks": ("Revenue by week, against the year before", "Whole weeks that end on the last chosen day."),
    "channels": ("Revenue by month and channel", "The first and the last month may not be whole."),
    "segments": ("Revenue by segment", "The customer's segment when the day was loaded."),
    "cities": ("Revenue by city", "The largest cities; the customer's city when the day was loaded."),
    "anomalies": (
        "Unusual days",
        "Against the same weekday of eight weeks before; the table has reasons.",
    ),
    "forecast": ("Forecast", "The latest forecast, with the ranges that hold in 80 and 95 of 100 days."),
    "customers": ("New and returning customers", _ERP_ONLY),
    "cohorts": ("Customers that ordered again", f"By month of the first order. {_ERP_ONLY}"),
}
"""Title and note of each plot, in the order of the page."""

_SHOWN_COHORTS = 12


def build_page(rows: DashboardRows, trust: Trust, made_at: datetime) -> str:
    """Return the page as HTML.

    Args:
        rows: Rows of gold; empty frames leave their plots out, no sales leave only the panel of trust.
        trust: What is known of the rows.
        made_at: The moment that the page shows, and tells its age by.
    """
    from jinja2 import Environment  # noqa: PLC0415 - of the extra `reports`, as the next
    from markupsafe import Markup  # noqa: PLC0415

    template = Environment(autoescape=True).from_string(_read("page.html"))
    figures = find_figures(rows.sales)
    missing = {"forecast"} if rows.forecast.empty else set()
    plots = [(name, *texts) for name, texts in PLOT_TITLES.items() if name not in missing]
    return template.render(
        style=Markup(_read("page.css")),  # noqa: S704 - this project's own files, and JSON without a "<"
        script=Markup(_read("page.js")),  # noqa: S704
        libraries=Markup(_bundle_libraries() if figures else ""),  # noqa: S704
        data=Markup(_to_json(_collect(rows, made_at))),  # noqa: S704
        made_at=f"{made_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        figures=figures,
        cards=build_cards(figures),
        trust=describe_trust(trust),
        plots=plots,
    )


def count_new_and_returning(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Return `month` (YYYY-MM), `new` and `returning`: how many customers ordered first, and again.

    Args:
        cohorts: `month`, `months_since_first_order`, `customer_count`; every cohort of each month.
    """
    if cohorts.empty:
        return pd.DataFrame(columns=["month", "new", "returning"])
    is_new = cohorts["months_since_first_order"] == 0
    counted = cohorts.assign(
        month=cohorts["month"].dt.strftime("%Y-%m"),
        new=cohorts["customer_count"].where(is_new, 0),
        returning=cohorts["customer_count"].where(~is_new, 0),
    )
    return counted.groupby("month", as_index=False)[["new", "returning"]].sum()


def _collect(rows: DashboardRows, made_at: datetime) -> dict[str, Any]:
    """Everything that the page's script reads."""
    from sales_assets.reports.dashboard.plots import build_plots  # noqa: PLC0415 - imports Altair

    sales, anomalies = rows.sales, rows.anomalies
    unusual = anomalies if anomalies.empty else anomalies[anomalies["verdict"].isin(["high", "low"])]
    of_erp = sales.loc[sales["channel"] == ERP_CHANNEL, "currency"]
    erp_currency = str(of_erp.iloc[-1]) if len(of_erp) else ""
    by_currency = sales.groupby("currency")["total_amount"].sum()
    return {
        "made_at": made_at.isoformat(),
        "currency": erp_currency or (str(by_currency.idxmax()) if len(by_currency) else ""),
        "erp_currency": erp_currency,
        "sales": pack_sales(sales),
        "expected": pack_expected(anomalies, sales),
        "unusual": pack_rows(unusual.drop(columns=["actual", "expected"], errors="ignore")),
        "customers": pack_rows(count_new_and_returning(rows.cohorts)),
        "cohorts": pack_rows(_find_recent_cohorts(rows.cohorts)),
        "forecast": pack_rows(rows.forecast),
        "plots": build_plots() if len(sales) else {},
    }


def _find_recent_cohorts(cohorts: pd.DataFrame) -> pd.DataFrame:
    if cohorts.empty:
        return cohorts
    since = cohorts["cohort_month"].max() - pd.DateOffset(months=_SHOWN_COHORTS)
    later = cohorts["months_since_first_order"].between(1, _SHOWN_COHORTS)
    shown: pd.DataFrame = cohorts[later & (cohorts["cohort_month"] >= since)]
    return pd.DataFrame(shown, columns=["cohort_month", "months_since_first_order", "retention"])


@cache
def _bundle_libraries() -> str:
    import vl_convert  # noqa: PLC0415 - of the extra `reports`

    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg] # its types lack the default
    return bundle.replace("</script", r"<\/script")


def _to_json(data: Mapping[str, Any]) -> str:
    """Return data as JSON that may stand in a page: no text in it can end the script or begin a tag."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _read(name: str) -> str:
    return (_FILES / name).read_text()
