"""The column types that both engines have, and the casts between them, Arrow and pandas.

Frames are cast before the warehouse is touched, so that a value that does not fit is refused with
its table, column and text. Nothing here knows an engine or a connection.
"""

import re

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.errors import RefusedError
from sales_assets.frames import to_pandas
from sales_assets.redaction import MASK

_ARROW = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}
_MISFITS = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError)
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")

WIDEST = (
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_integer, "BIGINT"),
    (pa.types.is_floating, "DOUBLE"),
    (pa.types.is_decimal, "DECIMAL(38,9)"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_timestamp, "TIMESTAMP"),
    (pa.types.is_string, "VARCHAR"),
    (pa.types.is_large_string, "VARCHAR"),
    (pa.types.is_null, "VARCHAR"),
    (pa.types.is_dictionary, "VARCHAR"),
)
"""The type to store a value of unknown range in, by kind."""


def arrow_type(column: dg.TableColumn) -> pa.DataType:
    """The Arrow type that a column's values are cast to.

    Raises:
        RefusedError: The contract names a type that the engines do not share.
    """
    if decimal := _DECIMAL.fullmatch(column.type):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    if column.type in _ARROW:
        return _ARROW[column.type]
    known = ", ".join([*_ARROW, "DECIMAL(p,s)"])
    message = f"The contract gives column {column.name} the type {column.type}; it must be one of {known}."
    raise RefusedError(message)


def to_arrow(frame: pd.DataFrame, contract: dg.TableSchema, table: str) -> pa.Table:
    """Cast a frame to a contract, by column name.

    Args:
        frame: Its columns in any order; timestamps without a zone are UTC.
        contract: The table's columns; the result has their order and types.
        table: The table's name, for the errors.

    Raises:
        RefusedError: A column is missing or unknown, or a value does not fit; nothing was written.
    """
    expected = [column.name for column in contract.columns]
    given = [str(name) for name in frame.columns]
    frame = frame.set_axis(given, axis="columns")
    missing = [name for name in expected if name not in given]
    unknown = [name for name in given if name not in expected]
    faults = [f"lacks {', '.join(missing)}"] if missing else []
    faults += [f"has unknown {', '.join(unknown)}"] if unknown else []
    faults += ["has columns that differ in case only or not at all"] if _collide(given) else []
    faults += [] if expected else ["has no columns"]
    if faults:
        message = f"The frame for {table} {' and '.join(faults)}. Nothing was written; stored rows are kept."
        raise RefusedError(message)
    return pa.table({column.name: _cast(frame[column.name], column, table) for column in contract.columns})


def _collide(names: list[str]) -> bool:
    return len({name.lower() for name in names}) < len(names)


def to_frame(rows: pa.Table, contract: dg.TableSchema | None) -> pd.DataFrame:
    """Turn stored rows into the frame that assets work with, in the contract's types if there is one."""
    columns = contract.columns if contract else []
    return to_pandas(rows, {column.name: arrow_type(column) for column in columns})


def _cast(series: pd.Series, column: dg.TableColumn, table: str) -> pa.Array:
    try:
        values = _fitted(series, arrow_type(column))
    except _MISFITS:
        raise _misfit(series, column, table) from None
    if values.null_count and not column.constraints.nullable:
        message = (
            f"{table}.{column.name} must not be null, but {values.null_count} of {len(values)} rows are. "
            "Nothing was written; stored rows are kept."
        )
        raise RefusedError(message)
    return values


def _fitted(series: pd.Series, type_: pa.DataType) -> pa.Array:
    """The series as an Arrow array of a type, or Arrow's error if a value would change."""
    values = pa.Array.from_pandas(series.infer_objects())
    if values.null_count == len(values):
        return pa.nulls(len(values), type_)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not _is_of_kind(values.type, type_):
        message = f"{values.type} is not {type_}"
        raise pa.ArrowTypeError(message)
    if pa.types.is_date(type_) and pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp(values.type.unit))
        if not pc.all(pc.equal(pc.floor_temporal(values, unit="day"), values), min_count=0).as_py():
            message = "a time of day does not fit into a date"
            raise pa.ArrowInvalid(message)
    if pa.types.is_decimal(type_):
        values = _scaled(values, type_.scale)
    return values.cast(type_, safe=True)


def _scaled(values: pa.Array, scale: int) -> pa.Array:
    """Numbers on their way to a decimal, or Arrow's error if digits behind its last one would be lost.

    A float is taken for the decimal that it is the nearest float to: 0.1 + 0.2 is 0.3.
    """
    if pa.types.is_integer(values.type):
        return values.cast(pa.decimal128(38, scale))
    if pa.types.is_floating(values.type):
        units = values.to_numpy(zero_copy_only=False).astype("float64") * 10**scale
        units = units[np.isfinite(units)]
        if (np.abs(units - np.rint(units)) > 1e-6 + 1e-15 * np.abs(units)).any():
            message = f"more than {scale} digits behind the point"
            raise pa.ArrowInvalid(message)
    return values


def _is_of_kind(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values may be cast at all: text is never parsed, a number never printed."""
    is_ = pa.types
    numeric = is_.is_integer(given) or is_.is_floating(given) or is_.is_decimal(given)
    temporal = is_.is_date(given) or is_.is_timestamp(given)
    text = is_.is_string(given) or is_.is_large_string(given)
    kinds = [
        (numeric, is_.is_integer(wanted) or is_.is_floating(wanted) or is_.is_decimal(wanted)),
        (temporal, is_.is_date(wanted) or is_.is_timestamp(wanted)),
        (text, is_.is_string(wanted)),
        (is_.is_boolean(given), is_.is_boolean(wanted)),
    ]
    return any(is_given and is_wanted for is_given, is_wanted in kinds)


def _misfit(series: pd.Series, column: dg.TableColumn, table: str) -> RefusedError:
    """The error that names the first value which does not fit; found by trying each, for this once."""
    type_ = arrow_type(column)
    for position, value in enumerate(series):
        try:
            _fitted(pd.Series([value], dtype=object), type_)
        except _MISFITS:
            shown = MASK if PERSONAL_DATA_TAG in column.tags else repr(value)
            return RefusedError(
                f"{table}.{column.name} is {column.type}, but row {position} has {shown}, which does not "
                "fit. Nothing was written; stored rows are kept."
            )
    return RefusedError(
        f"{table}.{column.name} is {column.type}, but the frame's values are {series.dtype} of mixed kinds. "
        "Nothing was written; stored rows are kept."
    )
