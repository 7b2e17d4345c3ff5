"""The pandas types that rows have in every asset, whether they come from the ERP or the warehouse."""

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

# What pandas 3 always does: a frame that is passed on, or gets a column more, is not copied.
pd.set_option("mode.copy_on_write", True)

_TEXT = pd.StringDtype("pyarrow", na_value=float("nan"))
"""What pandas 3 will call `str`: Arrow's own text, a fraction of the memory of as many Python strings."""

_HELD_IN = {
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.string(): _TEXT,
    pa.large_string(): _TEXT,
}
"""Integers stay integers beside a null; as floats, ids above 2^53 would change."""


def to_pandas(rows: pa.Table, types: Mapping[str, pa.DataType] | None = None) -> pd.DataFrame:
    """Turn rows that were read into the frame that assets work with.

    Args:
        rows: What a database answered; timestamps without a zone are UTC.
        types: Other types than those it answered in, by column.

    Returns:
        Money as float64, integers nullable, timestamps in UTC, dates as midnights, text as
        Arrow's.
    """
    wanted = {field.name: field.type for field in rows.schema} | dict(types or {})
    schema = pa.schema([(name, _held_as(wanted[name])) for name in rows.column_names])
    parsable = pa.table([_printed(column) for column in rows.columns], rows.column_names)
    frame: pd.DataFrame = parsable.cast(schema).to_pandas(types_mapper=_HELD_IN.get)
    return frame


def _printed(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as text: parsing that finds the nearest float, as Arrow's own cast does not."""
    return values.cast(pa.string()) if pa.types.is_decimal(values.type) else values


def _held_as(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal(type_):
        return pa.float64()
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", tz="UTC")
    return pa.timestamp("us") if pa.types.is_date(type_) else type_
