"""The rows of the page, small: one list of numbers per series instead of one row per day.

Two years of days by channel, segment and city are tens of thousands of rows; as lists they are a third of a
megabyte. The page's script adds them up for the filters that a reader chooses.
"""

from typing import Any

import pandas as pd

MOST_SEGMENTS, MOST_CITIES = 5, 7
OTHERS = "others"
"""What stands for the segments and cities beyond the largest."""

_KEYS = ["channel", "currency", "segment", "city"]


def fold_small(rows: pd.DataFrame, column: str, most: int) -> pd.DataFrame:
    """Replace all but the largest values of a column by `others`.

    Args:
        rows: The column and `total_amount`.
        column: Such as `city`.
        most: How many values stay, by the sum of `total_amount`.
    """
    by_size = rows.groupby(column)["total_amount"].sum().sort_values(ascending=False)
    largest = set(by_size.index[:most])
    return rows.assign(**{column: rows[column].where(rows[column].isin(largest), OTHERS)})


def pack_sales(sales: pd.DataFrame) -> dict[str, Any]:
    """Return orders and revenue of each series, a number per day from the first to the last.

    Args:
        sales: `order_date`, `channel`, `currency`, `segment`, `city`, `order_count`, `total_amount`.

    Returns:
        `first` (the first day), `days` (how many) and `series`: the keys, `orders` and `revenue`.
    """
    if sales.empty:
        return {"first": None, "days": 0, "series": []}
    first, last = sales["order_date"].min(), sales["order_date"].max()
    days = pd.date_range(first, last)
    folded = fold_small(fold_small(sales, "segment", MOST_SEGMENTS), "city", MOST_CITIES)
    series = []
    for key, rows in folded.groupby(_KEYS):
        by_day = rows.groupby("order_date")[["order_count", "total_amount"]].sum().reindex(days, fill_value=0)
        names = dict(zip(_KEYS, map(str, key), strict=True))
        orders = [int(count) for count in by_day["order_count"]]
        series.append({**names, "orders": orders, "revenue": list(map(_shorten, by_day["total_amount"]))})
    return {"first": str(first.date()), "days": len(days), "series": series}


def pack_expected(anomalies: pd.DataFrame, sales: pd.DataFrame) -> list[dict[str, Any]]:
    """Return actual and expected revenue of each series, a number per day of `pack_sales` or null.

    Args:
        anomalies: `order_date`, `channel`, `currency`, `segment`, `actual`, `expected`.
        sales: As `pack_sales` takes them; their days and largest segments count.
    """
    if anomalies.empty:
        return []
    days = pd.date_range(sales["order_date"].min(), sales["order_date"].max())
    shown = set(fold_small(sales, "segment", MOST_SEGMENTS)["segment"])
    folded = anomalies.assign(segment=anomalies["segment"].where(anomalies["segment"].isin(shown), OTHERS))
    packed = []
    for key, rows in folded.groupby(_KEYS[:3]):
        by_day = rows.groupby("order_date")[["actual", "expected"]].sum().reindex(days)
        numbers = {
            name: [_simplify(round(value, 2)) for value in by_day[name]] for name in ("actual", "expected")
        }
        packed.append({**dict(zip(_KEYS, map(str, key), strict=False)), **numbers})
    return packed


def pack_rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as objects, with days as YYYY-MM-DD and nulls as None."""
    return [{str(name): _simplify(value) for name, value in row.items()} for row in rows.to_dict("records")]


def _simplify(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return _shorten(value) if isinstance(value, float) else value


def _shorten(value: float) -> int | float:
    """Round to the four digits that gold has, and write whole numbers without a fraction."""
    rounded = round(float(value), 4)
    return int(rounded) if rounded.is_integer() else rounded
