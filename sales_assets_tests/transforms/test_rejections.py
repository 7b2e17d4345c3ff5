"""Which orders of a day fail validation, and whether the day is stored without them."""

import json
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from sales_assets.catalog.contracts import RAW_ORDERS_SCHEMA
from sales_assets.transforms.rejections import (
    ORDER_RULES,
    find_days_above_share,
    find_failed_rules,
    sum_rejected,
    tabulate_rejected,
)
from sales_assets.transforms.select_orders import has_sale
from sales_assets.warehouse.misfits import is_misfit

NOON = pd.Timestamp("2025-01-15 12:00", tz="UTC")


def orders(*ids: int, **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"order_id": list(ids), "order_date": NOON, "status": "completed", "total_amount": 5.0}
    )
    return frame.assign(**columns)


def days(frame: pd.DataFrame, *of_rows: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(of_rows) or ["2025-01-15"] * len(frame)), index=frame.index)


def failed(frame: pd.DataFrame, *of_rows: str) -> list[str]:
    rules = {**ORDER_RULES, "contract": lambda rows, _: is_misfit(rows, RAW_ORDERS_SCHEMA)}
    return list(find_failed_rules(frame, days(frame, *of_rows), rules).fillna("-"))


def test_each_order_fails_by_the_rule_that_refuses_its_day() -> None:
    infinite = np.datetime64(2**63 - 1, "us")
    updated = pd.Series([NOON.tz_localize(None)] * 5 + [infinite], dtype="datetime64[us]")
    amounts = [5.0, -0.01, 2e11, float("nan"), 5.0, 5.0]
    frame = orders(1, 2, 3, 4, 5, 6, total_amount=amounts, updated_at=updated.dt.tz_localize("UTC"))
    frame.loc[4, "status"] = None
    assert failed(frame) == [
        "-",
        "negative_amount",
        "unstorable_amount",
        "unstorable_amount",
        "contract",
        "unstorable_timestamp",
    ]
    assert failed(orders(1, 1, 2)) == ["duplicate_order", "duplicate_order", "-"]
    assert failed(orders(1, 1), "2025-01-15", "2025-01-16") == ["-", "-"]


def test_a_day_is_refused_above_the_share_and_stored_up_to_it() -> None:
    frame = orders(*range(10), total_amount=[-1.0, -1.0, *[5.0] * 8])
    rule = find_failed_rules(frame, days(frame), ORDER_RULES)
    assert find_days_above_share(frame, days(frame), rule, 0.2) == {}
    assert find_days_above_share(frame, days(frame), rule, 0.19) == {
        "2025-01-15": "2 of 10 orders fail validation, more than the share of 0.19 that "
        "SALES_MAX_REJECTED_SHARE allows: negative_amount in 2 order(s): 0, 1."
    }


def test_an_order_that_is_listed_twice_is_one_order() -> None:
    frame = orders(1, 1, 2, 3)
    rule = find_failed_rules(frame, days(frame), ORDER_RULES)
    assert find_days_above_share(frame, days(frame), rule, 0.34) == {}
    kept = tabulate_rejected(frame.iloc[1:3], rule.iloc[1:3], [])
    day = pd.Timestamp("2025-01-15")
    assert sum_rejected(kept, days(kept)) == {day: {"rejected_orders": 2, "rejected_amount": 10.0}}


def test_what_is_kept_of_an_order_has_no_personal_data_and_no_amount_that_cannot_be_stored() -> None:
    far = pd.Series([np.datetime64(2**63 - 1, "us")], dtype="datetime64[us]").dt.tz_localize("UTC")
    frame = orders(
        1, status="for ada@example.com", email="ada@example.com", total_amount=1e300, updated_at=far
    )
    [row] = tabulate_rejected(frame, pd.Series(["x"]), {"email"}).to_dict("records")
    assert pd.isna(row["total_amount"])
    detail = json.loads(row["detail"])
    assert (detail["email"], detail["status"]) == ("[redacted]", "for [redacted]")
    assert (detail["order_date"], detail["total_amount"]) == ("2025-01-15T12:00:00", "1e+300")
    assert detail["updated_at"].startswith("294247-")


def test_an_order_that_is_listed_twice_is_a_sale_if_one_of_its_rows_is() -> None:
    frame = orders(1, 1, 2, 2, status=["completed", "cancelled", "cancelled", "cancelled"])
    assert list(has_sale(frame, days(frame), ["completed"])) == [True, True, False, False]
    assert partial(has_sale, statuses=["cancelled"])(frame, days(frame)).all()
