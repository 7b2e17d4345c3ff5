"""The numbers that a person looks for first in each mart: frames in, named numbers out.

Charts belong to `charts.py`. Amounts in different currencies are never added up: their names end with the
currency.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from sales_assets.transforms.marketplace_orders import ERP_CHANNEL

Figures = dict[str, Any]

SALES_BY_CHANNEL = "sales_of_last_day"
"""The figure of `daily_sales` that has orders and revenue of the last day by channel and currency."""

_BY_CHANNEL = ["channel", "currency", "order_count", "total_amount"]

_WEEK = pd.Timedelta(days=7)
_RECENT = pd.Timedelta(days=28)
_YEAR = pd.Timedelta(days=364)


def summarize_daily_sales(sales: pd.DataFrame) -> Figures:
    """Return orders and revenue of the last day, and the revenue of its week against the week before.

    The last day is the ERP's, because files of marketplaces may be ahead of it or late.

    Args:
        sales: `order_date`, `channel`, `currency`, `order_count`, `total_amount`; the last 14 days or more.
    """
    days = sales.loc[sales["channel"] == ERP_CHANNEL, "order_date"]
    last = (sales["order_date"] if days.empty else days).max()
    figures: Figures = {
        "last_day": str(last.date()),
        "orders_of_last_day": int(sales.loc[sales["order_date"] == last, "order_count"].sum()),
        SALES_BY_CHANNEL: [
            {"channel": channel, "currency": currency, "orders": int(orders), "revenue": float(revenue)}
            for channel, currency, orders, revenue in sales.loc[
                sales["order_date"] == last, _BY_CHANNEL
            ].values
        ],
    }
    for currency, rows in sales.groupby("currency"):
        name = str(currency).lower()
        figures[f"revenue_of_last_day_{name}"] = _sum_between(rows, last, last)
        week = _sum_between(rows, last - _WEEK + pd.Timedelta(days=1), last)
        before = _sum_between(rows, last - 2 * _WEEK + pd.Timedelta(days=1), last - _WEEK)
        figures[f"revenue_of_week_{name}"] = week
        if before and sales["order_date"].min() <= last - 2 * _WEEK + pd.Timedelta(days=1):
            figures[f"week_on_week_{name}"] = round(week / before - 1, 4)
    return figures


def compare_with_year_before(sales: pd.DataFrame) -> Figures:
    """Return the revenue of the last four weeks, and its change against the same weeks of the year before.

    The year before is 52 weeks earlier, so that weekdays are compared with themselves. The last day is that
    of `summarize_daily_sales`.

    Args:
        sales: `order_date`, `channel`, `currency`, `total_amount`; a change needs the last 56 weeks.
    """
    days = sales.loc[sales["channel"] == ERP_CHANNEL, "order_date"]
    last = (sales["order_date"] if days.empty else days).max()
    first = last - _RECENT + pd.Timedelta(days=1)
    figures: Figures = {}
    for currency, rows in sales.groupby("currency"):
        name = str(currency).lower()
        revenue = _sum_between(rows, first, last)
        before = _sum_between(rows, first - _YEAR, last - _YEAR)
        figures[f"revenue_of_four_weeks_{name}"] = revenue
        if before and sales["order_date"].min() <= first - _YEAR:
            figures[f"year_on_year_{name}"] = round(revenue / before - 1, 4)
    return figures


def summarize_monthly_revenue(revenue: pd.DataFrame) -> Figures:
    """Return the revenue of the last month, which may still go on, and of the month before.

    Args:
        revenue: `month`, `currency`, `total_amount`; the last two months or more.
    """
    last = revenue["month"].max()
    figures: Figures = {"last_month": f"{last:%Y-%m}"}
    for currency, rows in revenue.groupby("currency"):
        by_month = rows.groupby("month")["total_amount"].sum().round(4)
        name = str(currency).lower()
        figures[f"revenue_of_last_month_{name}"] = float(by_month.get(last, 0))
        figures[f"revenue_of_month_before_{name}"] = float(by_month.get(last - pd.DateOffset(months=1), 0))
    return figures


def summarize_sales_anomalies(days: pd.DataFrame) -> Figures:
    """Return how many unusual days the last four weeks have, and which was the latest.

    Args:
        days: `order_date`, `channel`, `segment`, `verdict`; the last four weeks or more.
    """
    recent = days[days["order_date"] > days["order_date"].max() - _RECENT]
    unusual = recent[recent["verdict"].isin(["high", "low"])].sort_values("order_date")
    figures: Figures = {"unusual_in_last_28_days": len(unusual)}
    if len(unusual):
        latest = unusual.iloc[-1]
        where = f"{latest['channel']}, {latest['segment']}"
        figures["latest_unusual_day"] = f"{latest['order_date'].date()}: {latest['verdict']} ({where})"
    return figures


def summarize_customer_cohorts(cohorts: pd.DataFrame) -> Figures:
    """Return which share of customers ordered again one and three months after their first order.

    Args:
        cohorts: `month`, `months_since_first_order`, `cohort_size`, `customer_count`. The latest month is
            left out, because it may still go on.
    """
    complete = cohorts[cohorts["month"] < cohorts["month"].max()]
    figures: Figures = {}
    for months in (1, 3):
        rows = complete[complete["months_since_first_order"] == months]
        if len(rows):
            share = rows["customer_count"].sum() / rows["cohort_size"].sum()
            figures[f"retention_after_{months}_month{'s' if months > 1 else ''}"] = round(float(share), 4)
    return figures


def summarize_payments_reconciliation(statuses: pd.DataFrame) -> Figures:
    """Return the number of orders by status.

    Args:
        statuses: `status`, `order_count`; one row per status.
    """
    counts = zip(statuses["status"], statuses["order_count"], strict=True)
    return {f"orders_{status}": int(count) for status, count in counts}


def summarize_marketing_roi(months: pd.DataFrame) -> Figures:
    """Return spend and revenue of the last month over all channels.

    Args:
        months: `month`, `spend`, `revenue`; one row per channel and month.
    """
    last = months[months["month"] == months["month"].max()]
    return {
        "last_month": f"{last['month'].iloc[0]:%Y-%m}",
        "spend_of_last_month": round(float(last["spend"].sum()), 4),
        "revenue_of_last_month": round(float(last["revenue"].sum()), 4),
    }


SUMMARIES: Mapping[str, Callable[[pd.DataFrame], Figures]] = {
    "daily_sales": summarize_daily_sales,
    "monthly_revenue": summarize_monthly_revenue,
    "sales_anomalies": summarize_sales_anomalies,
    "customer_cohorts": summarize_customer_cohorts,
    "payments_reconciliation": summarize_payments_reconciliation,
    "marketing_roi": summarize_marketing_roi,
}
"""The summary of each mart that has one."""


def _sum_between(rows: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> float:
    return round(float(rows.loc[rows["order_date"].between(first, last), "total_amount"].sum()), 4)
