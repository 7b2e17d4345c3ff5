"""Compares the layers of the warehouse, day by day: each has exactly the sales of the one before it."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

import pandas as pd

_COLUMNS = ["day", "layer", "sales", "total_amount", "before", "sales_before", "total_amount_before"]


def compare_layers(layers: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Find the days on which a layer has not the number and amount of sales of the one before it.

    Args:
        layers: By name, in the order in which they are built: `day` and `total_amount` as text, `sales`.

    Returns:
        By day, in order: the `layer` and its numbers, the layer `before` it and that one's numbers.
    """
    found = [_compare(*before, *after) for before, after in pairwise(layers.items())]
    differing = [each for each in found if not each.empty] or found[:1]
    return pd.concat(differing).sort_values("day", kind="stable", ignore_index=True)


def _compare(before: str, old: pd.DataFrame, layer: str, new: pd.DataFrame) -> pd.DataFrame:
    both = new.merge(old, how="outer", on="day", suffixes=("", "_before"))
    for column in ("sales", "sales_before"):
        both[column] = both[column].fillna(0).astype("int64")
    for column in ("total_amount", "total_amount_before"):
        both[column] = both[column].fillna("0").map(Decimal).astype(object)
    is_same = (both["sales"] == both["sales_before"]) & (both["total_amount"] == both["total_amount_before"])
    return both[~is_same].assign(layer=layer, before=before)[_COLUMNS]
