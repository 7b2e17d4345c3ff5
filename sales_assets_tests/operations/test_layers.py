"""The comparison of the warehouse's layers, day by day."""

import pandas as pd
import pytest

from sales_assets.operations.reconciliation.layers import compare_layers

LAYERS = ["raw_orders", "silver_enriched_orders", "fct_orders", "daily_sales"]


def layer(*rows: tuple[str, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["day", "sales", "total_amount"])


GOOD = layer(("2025-01-14", 1, "0.8910"), ("2025-01-15", 2, "89999999999999.9101"))


def test_layers_with_the_same_sales_agree_whatever_their_order_and_zeros() -> None:
    other = layer(("2025-01-15", 2, "89999999999999.91010"), ("2025-01-14", 1, "0.891"))
    assert compare_layers(dict.fromkeys(LAYERS, GOOD) | {"fct_orders": other}).empty
    nothing = layer().astype({"day": "str", "sales": "int64", "total_amount": "str"})
    assert compare_layers(dict.fromkeys(LAYERS, nothing)).empty


@pytest.mark.parametrize("wrong", LAYERS)
@pytest.mark.parametrize(
    "rows",
    [
        [("2025-01-14", 1, "0.8910"), ("2025-01-15", 2, "89999999999999.9102")],
        [("2025-01-14", 1, "0.8910"), ("2025-01-15", 3, "89999999999999.9101")],
        [("2025-01-14", 1, "0.8910")],
    ],
    ids=["last digit", "number", "no day"],
)
def test_the_layer_that_differs_is_named_with_the_one_before_it(
    wrong: str, rows: list[tuple[str, int, str]]
) -> None:
    found = compare_layers(dict.fromkeys(LAYERS, GOOD) | {wrong: layer(*rows)})
    assert set(found["day"]) == {"2025-01-15"}
    position = LAYERS.index(wrong)
    pairs = {(LAYERS[i], LAYERS[i - 1]) for i in (position, position + 1) if 0 < i < len(LAYERS)}
    assert set(zip(found["layer"], found["before"], strict=True)) == pairs
