"""The features of customers: what they are, and that nothing later than the week's end is in them."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.assets import customer_features
from sales_assets.catalog.contracts import CUSTOMER_FEATURES_SCHEMA
from sales_assets.catalog.weeks import WEEKLY, Week, build_week
from sales_assets.ml.features import compute_features
from sales_assets.operations.repair.gaps import range_tags
from sales_assets_tests.support.gold_orders import (
    Order,
    OrdersInMemory,
    order,
    report_days,
    store_gold,
    to_instant,
)
from sales_assets_tests.support.warehouses import WarehouseUnderTest, fake_snowflake, temporary_duckdb

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("files_stay_open")]  # each has weeks of orders

WEEK = "2026-03-23"
MONDAY = date(2026, 3, 23)
NEXT_MONDAY = date(2026, 3, 30)
ENGINES = {"duckdb": temporary_duckdb, "fakesnow": fake_snowflake}


def expected(orders: list[Order]) -> list[dict[str, Any]]:
    """The features of the week by a model of their own, from orders that were all known at its end."""
    rows = []
    for customer in sorted({each[0] for each in orders if each[0] is not None}):
        ages = [(NEXT_MONDAY - each[1]).days - 1 for each in orders if each[0] == customer]
        amounts = [(each[3], each[4]) for each in orders if each[0] == customer]
        if min(ages) >= 364:
            continue
        row: dict[str, Any] = {"week": pd.Timestamp(MONDAY), "customer_id": customer}
        row |= {"recency_days": min(ages), "tenure_days": max(ages)}
        for weeks in (4, 12, 52):
            recent = [amount for age, amount in zip(ages, amounts, strict=True) if age < 7 * weeks]
            row[f"orders_{weeks}w"] = len(recent)
            row[f"revenue_{weeks}w"] = sum(total for _, total in recent)
        gross = sum(gross for gross, _ in recent)
        row["average_basket"] = row["revenue_52w"] / row["orders_52w"]
        row["discount_share"] = (gross - row["revenue_52w"]) / gross if gross else 0.0
        gaps = len(ages) - 1
        row["days_between_orders"] = (max(ages) - min(ages)) / gaps if gaps else None
        rows.append(row)
    return rows


def assert_features(found: pd.DataFrame, rows: list[dict[str, Any]]) -> None:
    names = [column.name for column in CUSTOMER_FEATURES_SCHEMA.columns]
    assert list(found.columns) == names
    assert found["customer_id"].tolist() == [row["customer_id"] for row in rows]
    for name in names[2:]:
        values = [None if pd.isna(value) else float(value) for value in found[name]]
        assert values == [pytest.approx(row[name], abs=1e-9) for row in rows], name
    assert set(found["week"]) <= {pd.Timestamp(MONDAY)}


amounts = st.integers(0, 10**6).map(lambda cents: cents / 100)
days = st.integers(-30, 500).map(lambda age: NEXT_MONDAY - timedelta(days=age))
drawn_orders = st.tuples(
    st.none() | st.integers(1, 4), days, st.integers(-90 * 24, 90 * 24), amounts, amounts
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(orders=st.lists(drawn_orders, max_size=25), hours=st.sampled_from([0, -1, -2, 8]))
def test_features_are_made_of_what_was_known_at_the_weeks_end_and_later_data_changes_nothing(
    orders: list[Any], hours: int
) -> None:
    """Orders that come later, that arrive late for an old day, and later states of old ones."""
    end = to_instant(NEXT_MONDAY, hours)
    rows: list[Order] = [
        (customer, day, end.replace(tzinfo=None) + timedelta(hours=change), max(gross, total), total)
        for customer, day, change, gross, total in orders
    ]
    known = [row for row in rows if row[1] < NEXT_MONDAY and row[2] < end.replace(tzinfo=None)]
    warehouse, week = OrdersInMemory(), Week(WEEK, end)
    warehouse.add(known)
    before = compute_features(warehouse, week)
    assert_features(before, expected(known))
    warehouse.add([row for row in rows if row not in known])
    pd.testing.assert_frame_equal(compute_features(warehouse, week), before)


ORDERS = [
    order(7, "2025-03-30"),  # the day before the 52 weeks
    order(7, "2025-12-01", 100, 90),
    order(7, "2026-03-29", 20, 20),
    order(8, "2026-01-05", 5, 0),
    order(9, "2025-03-30"),
    order(None, "2026-03-24"),
]


@pytest.fixture(scope="module")
def loaded() -> dg.DagsterInstance:
    """An instance in which gold has all days up to the Saturday of the week after."""
    instance = dg.DagsterInstance.ephemeral()
    report_days(instance, "2025-03-24", "2026-04-04")
    return instance


@pytest.fixture(params=["duckdb", pytest.param("fakesnow", marks=[pytest.mark.slow, pytest.mark.exhaustive])])
def warehouse(
    request: pytest.FixtureRequest, tmp_path: Path, loaded: dg.DagsterInstance
) -> Iterator[WarehouseUnderTest]:
    """A warehouse with gold's orders."""
    with ENGINES[request.param](tmp_path) as warehouse:
        store_gold(warehouse, ORDERS)
        warehouse.instance = loaded
        yield warehouse


def run(warehouse: WarehouseUnderTest, *weeks: str, **options: Any) -> dg.ExecuteInProcessResult:
    keys: dict[str, Any] = {"partition_key": weeks[0]}
    if len(weeks) > 1:
        keys = {"tags": range_tags(weeks[0], weeks[-1])}
    return dg.materialize(
        [customer_features],
        resources={"io_manager": warehouse.io_manager, "warehouse": warehouse.reader},
        instance=warehouse.instance,
        run_config=options and {"ops": {"customer_features": {"config": options}}},
        **keys,
    )


def read(warehouse: WarehouseUnderTest, week: str = WEEK) -> pd.DataFrame:
    return warehouse.query(f"select * from ml.customer_features where week = '{week}' order by customer_id")


def reported(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    return {
        str(event.partition): {name: value.value for name, value in event.metadata.items()}
        for event in result.asset_materializations_for_node("customer_features")
    }


def test_a_range_of_weeks_is_stored_in_one_run_with_what_each_counts(warehouse: WarehouseUnderTest) -> None:
    weeks = ["2026-03-16", WEEK]
    first, second = reported(run(warehouse, *weeks)).values()
    assert (first["customers"], first["kept"], first["orders_changed_since"]) == (3, False, 0)
    assert (second["customers"], second["kept"], second["dagster/partition_row_count"]) == (2, False, 2)
    assert_features(read(warehouse), expected([each for each in ORDERS if each[0] in (7, 8)]))
    assert len(read(warehouse, weeks[0])) == 3


def test_a_stored_week_stays_as_it_is_unless_it_is_to_be_computed_anew(
    warehouse: WarehouseUnderTest,
) -> None:
    run(warehouse, WEEK)
    before = read(warehouse)
    changed = [*ORDERS[:2], order(7, "2026-03-29", 50, 50, changed="2026-03-30T00:00:00"), *ORDERS[3:]]
    store_gold(warehouse, changed)
    assert reported(run(warehouse, WEEK))[WEEK]["kept"]
    pd.testing.assert_frame_equal(read(warehouse), before)
    metadata = reported(run(warehouse, WEEK, recompute=True))[WEEK]
    assert (metadata["kept"], metadata["orders_changed_since"]) == (False, 1)
    assert read(warehouse)["orders_52w"].tolist() == [1, 1]


def test_a_week_is_refused_if_a_day_of_the_year_before_it_was_never_loaded(
    tmp_path: Path, loaded: dg.DagsterInstance
) -> None:
    with temporary_duckdb(tmp_path) as warehouse:
        store_gold(warehouse, ORDERS)
        warehouse.instance = loaded
        with pytest.raises(dg.Failure) as refused:
            run(warehouse, "2026-03-30")
        assert str(refused.value.description) == (
            "customer_features needs 1 business day(s) that gold/fct_orders never had, 2026-04-05. No stored "
            "data was changed. Load them with `make repair RUN=1` or `make backfill FROM=2026-04-05 "
            "TO=2026-04-05`, then run the week again."
        )
        report_days(warehouse.instance, "2026-04-05", "2026-04-05")
        assert run(warehouse, "2026-03-30").success


def test_weeks_are_from_monday_to_sunday_and_begin_when_the_first_whole_one_does() -> None:
    week = build_week(str(WEEKLY.get_first_partition_key()))
    assert (week.monday.weekday(), week.sunday.weekday()) == (0, 6)
    assert week.days[0] == week.key
    assert len(week.days) == 7
    assert date(2025, 1, 1) <= week.monday < date(2025, 1, 8)
    assert not WEEKLY.has_partition_key("2026-03-24")
