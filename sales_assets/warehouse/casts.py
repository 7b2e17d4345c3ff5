"""Casts values to an Arrow type without changing any, and finds those that the type cannot hold.

What a contract says about columns belongs to `column_types.py`, and the sentences about rows to `misfits.py`.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

CAST_ERRORS = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError)
"""What Arrow raises for values that a type cannot hold."""


def cast_exactly(series: pd.Series, type_: pa.DataType) -> pa.Array:
    """Cast a series to an Arrow type; raises one of `CAST_ERRORS` if a value would change."""
    values = pa.Array.from_pandas(series.infer_objects())
    if values.null_count == len(values):
        return pa.nulls(len(values), type_)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not is_castable(values.type, type_):
        message = f"{values.type} is not {type_}"
        raise pa.ArrowTypeError(message)
    if pa.types.is_date(type_) and pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp(values.type.unit))
        if not pc.all(pc.equal(pc.floor_temporal(values, unit="day"), values), min_count=0).as_py():
            message = "a time of day does not fit into a date"
            raise pa.ArrowInvalid(message)
    if pa.types.is_decimal(type_):
        values = _prepare_for_decimal(values, type_.scale)
    return values.cast(type_, safe=True)


def fits(series: pd.Series, type_: pa.DataType) -> bool:
    """Whether a type can hold every value of a series unchanged."""
    try:
        cast_exactly(series, type_)
    except CAST_ERRORS:
        return False
    return True


def find_misfits(series: pd.Series, type_: pa.DataType, offset: int = 0) -> Iterator[int]:
    """Find the positions of values that a type cannot hold, in order.

    It searches by halves, for one value among a million must not take a million casts. Values of mixed kinds,
    which Arrow refuses only together, have no position.

    Args:
        series: The values.
        type_: The type.
        offset: The position of the first value.
    """
    series = series.astype(object)  # a part of a categorical has the categories of the whole
    if fits(series, type_):
        return
    if len(series) == 1:
        yield offset
        return
    middle = len(series) // 2
    yield from find_misfits(series.iloc[:middle], type_, offset)
    yield from find_misfits(series.iloc[middle:], type_, offset + middle)


def _prepare_for_decimal(values: pa.Array, scale: int) -> pa.Array:
    """Check that numbers fit a decimal's scale; raises Arrow's error if digits would be lost.

    A float counts as the decimal that it is the nearest float to: 0.1 + 0.2 is 0.3.
    """
    if pa.types.is_integer(values.type):
        return values.cast(pa.decimal128(38, scale))
    if pa.types.is_floating(values.type):
        units = values.to_numpy(zero_copy_only=False).astype("float64") * 10**scale
        units = units[np.isfinite(units)]
        if (np.abs(units - np.rint(units)) > 1e-6 + 1e-15 * np.abs(units)).any():
            message = f"more than {scale} digits after the decimal point"
            raise pa.ArrowInvalid(message)
    return values


def is_castable(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a type may be cast to another: text is never parsed, and a number never becomes text."""
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
