"""Finds the rows that a contract refuses, and names them: nulls, and values that a column's type cannot hold.

Faults of a whole frame, such as a column that is missing or of another kind, belong to `column_types.py`.
"""

from collections.abc import Iterator
from itertools import islice

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.redaction import MASK, cut_text
from sales_assets.warehouse.casts import CAST_ERRORS, find_misfits, fits, is_castable
from sales_assets.warehouse.column_types import to_arrow_type

_MAX_NAMED_ROWS = 5


def refuse_misfits(rows: pd.DataFrame, contract: dg.TableSchema) -> None:
    """Refuse rows that the warehouse would not store.

    Args:
        rows: Columns that the contract has; those that the rows lack are not looked at.
        contract: Its first column without personal data names the rows.

    Raises:
        ValueError: Names the first column with such values, and its first rows.
    """
    for column in contract.columns:
        if column.name not in rows:
            continue
        values = rows[column.name]
        nulls = values.isna().to_numpy()
        if nulls.any() and not column.constraints.nullable:
            named = _name_rows(rows, nulls.nonzero()[0].tolist(), contract)
            message = f"{column.name} must not be null, but is in {nulls.sum()} row(s): {named}."
            raise ValueError(message)
        if positions := list(islice(_find_misfits_of_kind(values, column), _MAX_NAMED_ROWS + 1)):
            first = values.take(positions[:1]).tolist()[0]
            shown = MASK if PERSONAL_DATA_TAG in column.tags else cut_text(repr(first))
            named = _name_rows(rows, positions, contract)
            message = f"{column.name} is {column.type}, which cannot hold {shown}, found in {named}."
            raise ValueError(message)


def is_misfit(rows: pd.DataFrame, contract: dg.TableSchema) -> pd.Series:
    """Which rows `refuse_misfits` refuses."""
    found = pd.Series(data=False, index=rows.index)
    for column in contract.columns:
        if column.name in rows:
            values = rows[column.name]
            found.iloc[list(_find_misfits_of_kind(values, column))] = True
            found |= values.isna() & (not column.constraints.nullable)
    return found


def _find_misfits_of_kind(values: pd.Series, column: dg.TableColumn) -> Iterator[int]:
    """Find the positions of values that the column's type cannot hold."""
    type_ = to_arrow_type(column)
    if not fits(values, type_) and _is_of_kind(values, type_):
        yield from find_misfits(values, type_)


def _is_of_kind(values: pd.Series, type_: pa.DataType) -> bool:
    """Whether the type is for values of this kind: any number is of a decimal's kind, whatever its size."""
    try:
        given = pa.Array.from_pandas(values.infer_objects()).type
    except CAST_ERRORS:
        return False
    return is_castable(given.value_type if pa.types.is_dictionary(given) else given, type_)


def _name_rows(rows: pd.DataFrame, positions: list[int], contract: dg.TableSchema) -> str:
    """The first rows by their key, such as `order_id 7, 9 …`."""
    names = [column.name for column in contract.columns if PERSONAL_DATA_TAG not in column.tags]
    key = next((name for name in names if name in rows), None)
    first = positions[:_MAX_NAMED_ROWS]
    found: list[object] = [*first] if key is None else rows[key].take(first).tolist()
    more = " …" if len(positions) > _MAX_NAMED_ROWS else ""
    return f"{key or 'row'} {', '.join(map(str, found))}{more}"
