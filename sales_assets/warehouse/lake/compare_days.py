"""Compares the days of two Arrow tables: which differ at all, and in what.

Pure: nothing here knows Iceberg, a catalog or a warehouse.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def find_changed_days(wanted: pa.Table, stored: pa.Table, day: str, key: Sequence[str]) -> list[date]:
    """Find the days whose rows are not the same in both, value by value; the order of rows does not count.

    Args:
        wanted: Rows in the types of a contract.
        stored: Rows with the same columns and types.
        day: The column of the day.
        key: The columns that are unique together.
    """
    parts = [_split_by_day(rows, day, key) for rows in (wanted, stored)]
    nothing = wanted.slice(0, 0)
    days = sorted(parts[0].keys() | parts[1].keys())
    return [each for each in days if not parts[0].get(each, nothing).equals(parts[1].get(each, nothing))]


def find_repeated_key(rows: pa.Table, key: Sequence[str]) -> str | None:
    """Describe the first key that several rows have; None if every key is unique."""
    counts = rows.group_by(list(key)).aggregate([([], "count_all")])
    if len(counts) == len(rows):
        return None
    [first] = counts.filter(pc.greater(counts["count_all"], 1)).slice(0, 1).to_pylist()
    return ", ".join(f"{name} {first[name]}" for name in key)


def describe_difference(
    wanted: pa.Table, found: pa.Table, day: str, key: Sequence[str], amounts: Sequence[str]
) -> str | None:
    """Describe the first day whose count, sums or keys differ; None if all are the same.

    Args:
        wanted: What gold has.
        found: What was written.
        day: The column of the day.
        key: The columns that are unique together.
        amounts: The columns to sum up, exactly.
    """
    expected, actual = (_total_by_day(rows, day, amounts) for rows in (wanted, found))
    for each in sorted(expected.keys() | actual.keys()):
        gold, lake = expected.get(each, {}), actual.get(each, {})
        if differing := [name for name in {**gold, **lake} if gold.get(name) != lake.get(name)]:
            name = differing[0]
            return f"{each} has {name} {gold.get(name, 0)} in gold and {lake.get(name, 0)} in the audit"
    names = list(dict.fromkeys((day, *key)))
    changed = find_changed_days(wanted.select(names), found.select(names), day, key)
    return f"{changed[0]} has other keys ({', '.join(key)}) in gold than in the audit" if changed else None


def _split_by_day(rows: pa.Table, day: str, key: Sequence[str]) -> dict[date, pa.Table]:
    names = dict.fromkeys((day, *key))
    ordered = rows.sort_by([(name, "ascending") for name in names])
    counts = {entry["values"]: entry["counts"] for entry in ordered[day].value_counts().to_pylist()}
    parts: dict[date, pa.Table] = {}
    start = 0
    for each in sorted(counts):
        parts[each] = ordered.slice(start, counts[each])
        start += counts[each]
    return parts


def _total_by_day(rows: pa.Table, day: str, amounts: Sequence[str]) -> dict[date, dict[str, Any]]:
    exact = pa.table({day: rows[day], **{name: _widen(rows[name]) for name in amounts}})
    totals = exact.group_by(day).aggregate([([], "count_all"), *((name, "sum") for name in amounts)])
    return {
        row[day]: {"rows": row["count_all"], **{name: row[f"{name}_sum"] for name in amounts}}
        for row in totals.to_pylist()
    }


def _widen(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give a decimal all the digits that a sum may need."""
    if pa.types.is_decimal(values.type):
        return values.cast(pa.decimal128(38, values.type.scale))
    return values
