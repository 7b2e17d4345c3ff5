"""The key figures: what a person reads first in each mart."""

import pandas as pd

from sales_assets.reports.key_figures import (
    summarize_customer_cohorts,
    summarize_daily_sales,
    summarize_marketing_roi,
    summarize_monthly_revenue,
    summarize_payments_reconciliation,
    summarize_sales_anomalies,
)


def sale(day: str, channel: str, currency: str, amount: float, orders: int = 1) -> dict[str, object]:
    return {
        "order_date": pd.Timestamp(day),
        "channel": channel,
        "currency": currency,
        "order_count": orders,
        "total_amount": amount,
    }


def test_the_last_day_is_the_erps_and_currencies_are_never_added_up() -> None:
    days = [sale(f"2025-01-{day:02}", "erp", "EUR", 100) for day in range(1, 8)]
    days += [sale(f"2025-01-{day:02}", "erp", "EUR", 110, orders=2) for day in range(8, 15)]
    market = [sale("2025-01-14", "bazaar", "EUR", 30), sale("2025-01-14", "kiosk", "GBP", 7)]
    ahead = [sale("2025-01-15", "bazaar", "EUR", 999)]
    figures = summarize_daily_sales(pd.DataFrame([*days, *market, *ahead]))
    assert figures == {
        "last_day": "2025-01-14",
        "orders_of_last_day": 4,
        "sales_of_last_day": [
            {"channel": "erp", "currency": "EUR", "orders": 2, "revenue": 110.0},
            {"channel": "bazaar", "currency": "EUR", "orders": 1, "revenue": 30.0},
            {"channel": "kiosk", "currency": "GBP", "orders": 1, "revenue": 7.0},
        ],
        "revenue_of_last_day_eur": 140,
        "revenue_of_week_eur": 800,
        "week_on_week_eur": 0.1429,
        "revenue_of_last_day_gbp": 7,
        "revenue_of_week_gbp": 7,
    }


def test_a_week_is_not_compared_with_half_a_week() -> None:
    days = pd.DataFrame([sale(f"2025-01-{day:02}", "erp", "EUR", 100) for day in range(2, 15)])
    assert "week_on_week_eur" not in summarize_daily_sales(days)
    days = pd.DataFrame([sale(f"2025-01-{day:02}", "erp", "EUR", 100) for day in range(1, 15)])
    assert summarize_daily_sales(days)["week_on_week_eur"] == 0


def test_a_months_revenue_stands_beside_the_month_before() -> None:
    months = pd.DataFrame(
        {
            "month": pd.to_datetime(["2024-12-01", "2025-01-01", "2025-01-01", "2025-01-01"]),
            "currency": ["EUR", "EUR", "EUR", "GBP"],
            "total_amount": [5.0, 1.5, 2.0, 9.0],
        }
    )
    assert summarize_monthly_revenue(months) == {
        "last_month": "2025-01",
        "revenue_of_last_month_eur": 3.5,
        "revenue_of_month_before_eur": 5,
        "revenue_of_last_month_gbp": 9,
        "revenue_of_month_before_gbp": 0,
    }


def test_unusual_days_are_those_of_the_last_four_weeks() -> None:
    days = pd.DataFrame(
        {
            "order_date": pd.to_datetime(["2025-01-01", "2025-01-02", "2025-01-20", "2025-01-29"]),
            "channel": "erp",
            "segment": ["a", "b", "c", "d"],
            "verdict": ["low", "high", "low", "normal"],
        }
    )
    assert summarize_sales_anomalies(days) == {
        "unusual_in_last_28_days": 2,
        "latest_unusual_day": "2025-01-20: low (erp, c)",
    }


def test_retention_is_of_whole_months_and_larger_cohorts_weigh_more() -> None:
    cohorts = pd.DataFrame(
        {
            "month": pd.to_datetime(["2025-02-01", "2025-03-01", "2025-04-01", "2025-04-01"]),
            "months_since_first_order": [1, 1, 1, 3],
            "cohort_size": [10, 30, 50, 10],
            "customer_count": [1, 9, 50, 10],
        }
    )
    assert summarize_customer_cohorts(cohorts) == {"retention_after_1_month": 0.25}


def test_payments_are_counted_by_status_and_spend_is_of_the_last_month() -> None:
    statuses = pd.DataFrame({"status": ["matched", "missing"], "order_count": [7, 2]})
    assert summarize_payments_reconciliation(statuses) == {"orders_matched": 7, "orders_missing": 2}
    months = pd.DataFrame(
        {
            "month": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-02-01"]),
            "spend": [99.0, 1.5, 2.0],
            "revenue": [99.0, 10.0, 20.0],
        }
    )
    figures = {"last_month": "2025-02", "spend_of_last_month": 3.5, "revenue_of_last_month": 30}
    assert summarize_marketing_roi(months) == figures
