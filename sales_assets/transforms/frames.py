"""The pandas types of every asset's rows, from the ERP or the warehouse, and when they were read."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import pandas as pd
import pyarrow as pa

# Copy on write, as pandas 3 always does: passing a frame on, or adding a column, copies nothing. It is set at
# import so that an asset behaves the same wherever it runs: in a step's process, in a test, in a notebook.
pd.set_option("mode.copy_on_write", True)

_TEXT = pd.StringDtype("pyarrow", na_value=float("nan"))
"""The type that pandas 3 calls `str`: Arrow's text, in a fraction of the memory of Python strings."""

_PANDAS_TYPES = {
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.string(): _TEXT,
    pa.large_string(): _TEXT,
}
"""Integers stay integers beside a null; as floats, ids above 2^53 would change."""

_READ_AT = "read_at"


def stamp_reading(rows: pa.Table, read_at: datetime) -> pa.Table:
    """Note on rows when they were read; `to_pandas` passes the note on.

    Args:
        rows: A database's answer.
        read_at: An instant, by the database's clock, after which no change is missing in the rows.
    """
    return rows.replace_schema_metadata({_READ_AT: read_at.isoformat()})


def find_oldest_reading(*frames: pd.DataFrame) -> datetime | None:
    """Find when the first of some frames was read; None if no database stamped them.

    Args:
        frames: Frames as they were read. One that was joined or grouped since may have lost its note.
    """
    notes = [frame.attrs[_READ_AT] for frame in frames if _READ_AT in frame.attrs]
    return min(map(datetime.fromisoformat, notes), default=None)


class FrameWithRejected(pd.DataFrame):
    """A frame to store, and the rows that were kept out of it; whatever is made of it is an ordinary frame.

    Attributes:
        rejected: Stored in the same transaction, in the table that the asset's metadata names.
    """

    _metadata: ClassVar[list[str]] = ["rejected"]
    rejected: pd.DataFrame

    @classmethod
    def of(cls, frame: pd.DataFrame, rejected: pd.DataFrame) -> "FrameWithRejected":
        """Return the same frame with its rejected rows."""
        both = cls(frame)
        both.rejected = rejected
        return both

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame


def to_pandas(rows: pa.Table, types: Mapping[str, pa.DataType] | None = None) -> pd.DataFrame:
    """Convert rows that were read to the frame that assets work with.

    Args:
        rows: A database's answer; timestamps without a zone are UTC.
        types: The types of columns that should have other types than in the answer.

    Returns:
        Money as float64, integers nullable, timestamps in UTC, dates as midnights, text as
        Arrow's.
    """
    wanted = {field.name: field.type for field in rows.schema} | dict(types or {})
    schema = pa.schema([(name, _to_frame_type(wanted[name])) for name in rows.column_names])
    parsable = pa.table([_print_decimals(column) for column in rows.columns], rows.column_names)
    frame: pd.DataFrame = parsable.cast(schema).to_pandas(types_mapper=_PANDAS_TYPES.get)
    if note := (rows.schema.metadata or {}).get(_READ_AT.encode()):
        frame.attrs[_READ_AT] = note.decode()
    return frame


def _print_decimals(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert decimals to text: parsing text finds the nearest float, Arrow's own cast does not."""
    return values.cast(pa.string()) if pa.types.is_decimal(values.type) else values


def _to_frame_type(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal(type_):
        return pa.float64()
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", tz="UTC")
    return pa.timestamp("us") if pa.types.is_date(type_) else type_
