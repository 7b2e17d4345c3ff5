"""Rows of gold for the dashboard and the exports: small, exact, with two currencies and a marketplace."""

from itertools import product

import pandas as pd

from sales_assets.reports.dashboard.content import DashboardRows

LAST = pd.Timestamp("2026-11-27")
SEGMENTS = ("consumer", "corporate")
CITIES = ("Roma", "Wien", "København")


def make_sales(days: int) -> pd.DataFrame:
    """Sales of the ERP in EUR and of a marketplace in GBP, up to `LAST`; none on every tenth day."""
    dates = [day for number, day in enumerate(pd.date_range(end=LAST, periods=days)) if number % 10 != 5]
    erp = [
        (day, "erp", "EUR", segment, city, 1 + number % 3, 100.25 + number)
        for number, (day, segment, city) in enumerate(product(dates, SEGMENTS, CITIES))
    ]
    bazaar = [(day, "bazaar", "GBP", "marketplaces", "marketplaces", 2, 7.1) for day in dates]
    columns = ["order_date", "channel", "currency", "segment", "city", "order_count", "total_amount"]
    return pd.DataFrame([*erp, *bazaar], columns=columns)


def make_rows(days: int) -> DashboardRows:
    """Everything that the page shows, with one unusual day, cohorts of the last months and a forecast."""
    sales = make_sales(days)
    series = ["order_date", "channel", "currency", "segment"]
    judged = sales.groupby(series, as_index=False)[["total_amount"]].sum()
    anomalies = judged.rename(columns={"total_amount": "actual"})
    anomalies = anomalies.assign(expected=90.5, verdict="normal", reason=None)
    is_last = (anomalies["order_date"] == LAST) & (anomalies["channel"] == "bazaar")
    anomalies.loc[is_last, "verdict"] = "high"
    anomalies.loc[is_last, "reason"] = "Revenue is <b>more</b> than expected."
    months = pd.date_range(end=LAST.replace(day=1), periods=6, freq="MS")
    cohorts = [
        (first, month, number, 10, 10 - number, (10 - number) / 10)
        for at, first in enumerate(months)
        for number, month in enumerate(months[at:])
    ]
    names = [
        "cohort_month",
        "month",
        "months_since_first_order",
        "cohort_size",
        "customer_count",
        "retention",
    ]
    ahead = pd.DataFrame({"day": pd.date_range(LAST + pd.Timedelta(days=1), periods=14), "segment": "total"})
    band = {"lower_95": 80.0, "lower_80": 90.0, "forecast": 100.0, "upper_80": 110.0, "upper_95": 120.0}
    return DashboardRows(sales, anomalies, pd.DataFrame(cohorts, columns=names), ahead.assign(**band))
