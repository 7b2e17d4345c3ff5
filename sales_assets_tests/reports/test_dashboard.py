"""The dashboard's page: what is on it, how large it is, and what it says of its own numbers."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from sales_assets.reports.dashboard import series
from sales_assets.reports.dashboard.content import DashboardRows, Trust, describe_trust
from sales_assets.reports.dashboard.page import PLOT_TITLES, build_page, count_new_and_returning
from sales_assets.reports.key_figures import compare_with_year_before
from sales_assets_tests.support.made_up_gold import LAST, make_rows, make_sales

NOW = datetime(2026, 11, 28, 5, 30, tzinfo=UTC)
FINE = Trust(last_day="2026-11-27", built_at=NOW, complete_until="2026-11-27", reconciled_until="2026-11-27")


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_two_years_of_many_segments_and_cities_are_small_and_add_up_to_the_rows() -> None:
    days = pd.date_range(end=LAST, periods=728)
    rows = [
        (day, "erp", "EUR", f"segment {segment}", f"city {city}", 9, 12345.6789 + segment + city)
        for day in days
        for segment in range(7)
        for city in range(10)
    ]
    columns = make_sales(1).columns
    sales = pd.DataFrame(rows, columns=columns)
    page = build_page(replace(make_rows(728), sales=sales), FINE, NOW)
    assert len(page.encode()) <= 1_500_000
    packed = data_of(page)["sales"]
    assert (packed["first"], packed["days"]) == ("2024-11-30", 728)
    segments, cities = ({each[name] for each in packed["series"]} for name in ("segment", "city"))
    assert segments == {f"segment {number}" for number in range(2, 7)} | {"others"}
    assert cities == {f"city {number}" for number in range(3, 10)} | {"others"}
    assert sum(sum(each["orders"]) for each in packed["series"]) == sales["order_count"].sum()
    amounts = sum(sum(each["revenue"]) for each in packed["series"])
    assert amounts == pytest.approx(sales["total_amount"].sum(), abs=0.005)


def test_the_page_loads_nothing_and_a_text_of_gold_cannot_become_code() -> None:
    page = build_page(make_rows(40), replace(FINE, failing=["<script>alert(1)</script>"]), NOW)
    assert re.findall(r'(?:src|href)="', page.partition('id="data"')[0]) == []
    assert "default-src 'none'" in page
    assert "&lt;script&gt;alert(1)" in page
    assert data_of(page)["unusual"][0]["reason"] == "Revenue is <b>more</b> than expected."
    assert "<" not in page.partition('id="data">')[2].partition("</script>")[0]


def test_a_warehouse_without_sales_one_day_and_a_gap_each_have_a_page() -> None:
    empty = build_page(DashboardRows(), FINE, NOW)
    assert "Gold has no sales yet" in empty
    assert len(empty) < 30_000
    one = data_of(build_page(DashboardRows(sales=make_sales(1)), FINE, NOW))
    assert (one["sales"]["days"], one["currency"], one["forecast"], one["cohorts"]) == (1, "EUR", [], [])
    gap = series.pack_sales(make_sales(10))
    assert [each["orders"][5] for each in gap["series"]] == [0] * len(gap["series"])
    only_bazaar = make_sales(10).query("channel == 'bazaar'")
    assert data_of(build_page(DashboardRows(sales=only_bazaar), FINE, NOW))["currency"] == "GBP"


def test_figures_of_two_currencies_stand_beside_each_other_and_a_missing_forecast_leaves_no_plot() -> None:
    page = build_page(make_rows(60), FINE, NOW)
    for text in ("Revenue of the day, EUR", "Revenue of the day, GBP", ">7.10<"):
        assert text in page
    assert [name for name in PLOT_TITLES if f'id="plot-{name}"' not in page] == []
    without = build_page(replace(make_rows(60), forecast=pd.DataFrame()), FINE, NOW)
    assert [name for name in PLOT_TITLES if f'id="plot-{name}"' not in without] == ["forecast"]


def test_four_weeks_are_compared_with_the_same_weekdays_a_year_before() -> None:
    days = pd.date_range(end=LAST, periods=392)
    sales = pd.DataFrame({"order_date": days, "channel": "erp", "currency": "EUR", "total_amount": 10.0})
    sales.loc[sales["order_date"] > LAST - pd.Timedelta(days=28), "total_amount"] = 15.0
    assert compare_with_year_before(sales) == {"revenue_of_four_weeks_eur": 420.0, "year_on_year_eur": 0.5}
    assert "year_on_year_eur" not in compare_with_year_before(sales[1:])


def test_new_customers_are_those_of_the_month_of_their_first_order() -> None:
    counted = count_new_and_returning(make_rows(10).cohorts)
    assert counted.iloc[0].to_dict() == {"month": "2026-06", "new": 10, "returning": 0}
    assert counted.iloc[2].to_dict() == {"month": "2026-08", "new": 10, "returning": 9 + 8}


def test_what_is_not_to_be_trusted_is_said_with_its_days() -> None:
    assert all(each.is_fine for each in describe_trust(FINE))
    compared = {
        day: describe_trust(replace(FINE, reconciled_until=day))[1].is_fine
        for day in ("2026-11-26", "2026-11-25", "")
    }
    assert compared == {"2026-11-26": True, "2026-11-25": False, "": False}
    doubtful = Trust(
        last_day="2026-11-27",
        complete_until="2026-11-24",
        missing=["2026-11-25", "2026-11-27"],
        differing=[f"2026-11-{day}" for day in range(10, 17)],
        reconciled_until="2026-11-09",
        rejected=3,
        failing=["gold/fct_orders: agrees_with_the_erp"],
    )
    lines = describe_trust(doubtful)
    assert not any(each.is_fine for each in lines)
    assert [each.text for each in lines] == [
        "2026-11-24; missing: 2026-11-25, 2026-11-27",
        "2026-11-09; differ: 2026-11-10, 2026-11-11, 2026-11-12, 2026-11-13, 2026-11-14 and 2 more",
        "3 order(s) fail validation and are missing here",
        "gold/fct_orders: agrees_with_the_erp",
        "never",
    ]
