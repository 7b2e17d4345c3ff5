"""The column types that both engines support, and frames cast to them.

Frames are cast before the warehouse is opened, so that a value that does not fit is refused with
its table, column and text. Nothing here knows an engine or a connection.
"""

import re

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.errors import RefusedError
from sales_assets.redaction import MASK, cut_text
from sales_assets.transforms.frames import to_pandas
from sales_assets.warehouse.casts import CAST_ERRORS, cast_exactly, find_misfits

_ARROW_TYPES = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")

WIDEST_TYPES = (
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
"""The contract's type for values of unknown range, by their Arrow kind."""


def to_arrow_type(column: dg.TableColumn) -> pa.DataType:
    """Return the Arrow type that a column's values are cast to.

    Raises:
        RefusedError: The contract names a type that the engines do not share.
    """
    if decimal := _DECIMAL.fullmatch(column.type):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    if column.type in _ARROW_TYPES:
        return _ARROW_TYPES[column.type]
    known = ", ".join([*_ARROW_TYPES, "DECIMAL(p,s)"])
    message = (
        f"The contract gives column {column.name} the unsupported type {column.type}. "
        f"No stored data was changed. Use one of {known}."
    )
    raise RefusedError(message)


def to_arrow(frame: pd.DataFrame, contract: dg.TableSchema, table: str) -> pa.Table:
    """Cast a frame to a contract, by column name.

    Args:
        frame: Its columns in any order; timestamps without a zone are UTC.
        contract: The table's columns; the result has their order and types.
        table: The table's name, for the errors.

    Raises:
        RefusedError: A column is missing or unknown, or a value does not fit.
    """
    given = [str(name) for name in frame.columns]
    faults = _find_column_faults([column.name for column in contract.columns], given)
    if faults:
        message = (
            f"The frame for {table} {' and '.join(faults)}. No stored data was changed. "
            "Return the columns that the asset declares."
        )
        raise RefusedError(message)
    frame = frame.set_axis(given, axis="columns")
    return pa.table({column.name: _cast(frame[column.name], column, table) for column in contract.columns})


def to_frame(rows: pa.Table, contract: dg.TableSchema | None) -> pd.DataFrame:
    """Convert stored rows to the frame that assets work with, in the contract's types if there is one."""
    columns = contract.columns if contract else []
    return to_pandas(rows, {column.name: to_arrow_type(column) for column in columns})


def _find_column_faults(expected: list[str], given: list[str]) -> list[str]:
    missing = [name for name in expected if name not in given]
    unknown = [name for name in given if name not in expected]
    faults = []
    if missing:
        faults.append(f"lacks {', '.join(missing)}")
    if unknown:
        faults.append(f"has unknown {', '.join(unknown)}")
    if len({name.lower() for name in given}) < len(given):
        faults.append("has duplicate column names, ignoring case")
    if not expected:
        faults.append("has no columns")
    return faults


def _cast(series: pd.Series, column: dg.TableColumn, table: str) -> pa.Array:
    try:
        values = cast_exactly(series, to_arrow_type(column))
    except CAST_ERRORS:
        raise _build_misfit_error(series, column, table) from None
    if values.null_count and not column.constraints.nullable:
        message = (
            f"{table}.{column.name} must not be null, but {values.null_count} of {len(values)} rows are. "
            "No stored data was changed. Correct the rows, or make the column nullable in the contract."
        )
        raise RefusedError(message)
    return values


def _build_misfit_error(series: pd.Series, column: dg.TableColumn, table: str) -> RefusedError:
    """Build the error that names the first value that does not fit."""
    remedy = "No stored data was changed. Correct the values, or the column's type in the contract."
    position = next(find_misfits(series, to_arrow_type(column)), None)
    if position is None:
        return RefusedError(
            f"{table}.{column.name} is {column.type}, but the frame's values are {series.dtype} of mixed "
            f"kinds. {remedy}"
        )
    value = series.take([position]).tolist()[0]
    shown = MASK if PERSONAL_DATA_TAG in column.tags else cut_text(repr(value))
    return RefusedError(
        f"{table}.{column.name} is {column.type}, but row {position} has {shown}, which does not fit. "
        f"{remedy}"
    )
