from typing import Any

import pandas as pd
import pytest

from sales_assets.transforms.amounts import refuse_unstorable_amounts
from sales_assets.transforms.enrich_orders import enrich, validate_and_enrich
from sales_assets.transforms.select_orders import count_excluded, is_sale


def orders(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"order_id": [1, 2, 3], "customer_id": [7, 8, 7], "total_amount": [10.0, 0.0, 2.5]} | columns
    )


CUSTOMERS = pd.DataFrame({"id": [7, 9], "city": ["Rome", None], "segment": ["consumer", "corporate"]})


def test_orders_get_city_and_segment_of_their_customer_and_keep_their_order_and_columns() -> None:
    enriched = validate_and_enrich(orders(note=["a", "b", "c"]), CUSTOMERS)
    assert list(enriched["order_id"]) == [1, 2, 3]
    assert list(enriched["note"]) == ["a", "b", "c"]
    assert list(enriched["city"].fillna("-")) == ["Rome", "-", "Rome"]


def test_a_city_that_the_orders_brought_gives_way_to_the_customers() -> None:
    assert list(validate_and_enrich(orders(city="?"), CUSTOMERS)["city"].fillna("-")) == ["Rome", "-", "Rome"]


@pytest.mark.parametrize("customer_id", [[None, 8, 7], [float("nan"), 8, 7]])
def test_an_order_without_a_known_customer_is_kept_and_counted_as_unmatched(
    customer_id: list[object],
) -> None:
    given = orders(customer_id=customer_id)
    assert len(validate_and_enrich(given, CUSTOMERS)) == 3
    assert enrich(given, CUSTOMERS)[1].sum() == 2


def test_a_matched_customer_without_a_city_is_not_unmatched() -> None:
    assert enrich(orders(customer_id=[9, 9, 9]), CUSTOMERS)[1].sum() == 0


def test_a_customers_row_holds_for_the_orders_of_its_own_day_only() -> None:
    given = orders(
        customer_id=[7, 7, 7], snapshot_date=pd.to_datetime(["2025-01-15", "2025-01-16", "2025-01-17"])
    )
    customers = pd.DataFrame(
        {
            "id": [7, 7],
            "snapshot_date": pd.to_datetime(["2025-01-15", "2025-01-16"]),
            "city": ["Rome", "Oslo"],
            "segment": "consumer",
        }
    )
    assert list(validate_and_enrich(given, customers)["city"].fillna("-")) == ["Rome", "Oslo", "-"]
    assert list(enrich(given, customers)[1]) == [False, False, True]


def test_negative_amounts_are_refused_with_the_first_orders() -> None:
    with pytest.raises(ValueError, match=r"Negative amounts found in 2 order\(s\): 1, 3\."):
        validate_and_enrich(orders(total_amount=[-1.0, 0.0, -0.01]), CUSTOMERS)


def test_a_negative_gross_amount_is_refused_too() -> None:
    with pytest.raises(ValueError, match="Negative amounts found"):
        validate_and_enrich(orders(gross_amount=[1.0, -2.0, 3.0]), CUSTOMERS)


def test_duplicate_orders_are_refused_with_the_first_orders() -> None:
    with pytest.raises(ValueError, match=r"Duplicate orders found, 2 rows for 1 order\(s\): 1\."):
        validate_and_enrich(orders(order_id=[1, 1, 3]), CUSTOMERS)


def test_a_duplicate_customer_does_not_double_orders() -> None:
    with pytest.raises(ValueError, match="Duplicate customers found"):
        validate_and_enrich(orders(), pd.concat([CUSTOMERS, CUSTOMERS]))


def test_many_wrong_orders_are_counted_and_five_are_named() -> None:
    many = pd.DataFrame({"order_id": range(100, 200), "customer_id": 7, "total_amount": -1.0})
    with pytest.raises(ValueError, match=r"100 order\(s\): 100, 101, 102, 103, 104 …\."):
        validate_and_enrich(many, CUSTOMERS)


def test_no_orders_and_no_customers_make_an_empty_frame_with_all_columns() -> None:
    enriched = validate_and_enrich(orders().iloc[:0], CUSTOMERS.iloc[:0])
    assert list(enriched.columns) == ["order_id", "customer_id", "total_amount", "city", "segment"]
    assert enriched.empty


@pytest.mark.parametrize("amount", [1e11 + 1, float("inf"), float("nan")])
def test_an_amount_that_a_float_cannot_carry_exactly_is_refused_by_name(amount: float) -> None:
    with pytest.raises(ValueError, match=r"Amounts above 100000000000 or not .* found in 1 order\(s\): 2\."):
        refuse_unstorable_amounts(orders(total_amount=[1e11, amount, 0.0]))


def test_orders_of_other_statuses_are_excluded_and_counted() -> None:
    given = orders(status=["completed", "pending", "teleported"])
    assert list(given[is_sale(given, ["completed", "shipped"])]["order_id"]) == [1]
    first, second = pd.Timestamp("2025-01-15"), pd.Timestamp("2025-01-16")
    assert count_excluded(given, pd.Series([first, second, second]), ["completed", "shipped"]) == {
        first: {"excluded_by_status": {}, "unknown_statuses": {}},
        second: {
            "excluded_by_status": {"pending": 1, "teleported": 1},
            "unknown_statuses": {"teleported": 1},
        },
    }


def test_orders_without_a_status_are_excluded_and_counted_too() -> None:
    given = orders(status=[None, "completed", float("nan")])
    day = pd.Timestamp("2025-01-15")
    [excluded] = count_excluded(given, pd.Series([day] * 3), ["completed"]).values()
    assert excluded == {"excluded_by_status": {"none": 2}, "unknown_statuses": {"none": 2}}


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA])
def test_orders_that_all_lack_a_customer_are_kept_unmatched(nothing: object) -> None:
    given = orders(customer_id=[nothing] * 3)
    assert validate_and_enrich(given, CUSTOMERS)["city"].isna().all()
    assert enrich(given, CUSTOMERS)[1].all()
