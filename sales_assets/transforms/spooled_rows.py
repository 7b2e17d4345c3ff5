"""Rows that are larger than memory, on their way from a database to the warehouse.

They wait in a temporary file, from which they are read in chunks, as often as needed. What is done with a
chunk, and when rows are too many for memory, belongs to the callers.
"""

from collections.abc import Callable, Iterable, Iterator
from tempfile import TemporaryFile

import numpy as np
import pandas as pd
import pyarrow as pa

from sales_assets.transforms.frames import to_pandas

SPOOLED_CHUNK_ROWS = 50_000
"""The most rows of a chunk."""

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class SpooledRows:
    """Rows in a file that has no name, so that it is gone when the process ends, however it ends.

    Iterating reads the rows from the beginning, one frame a chunk; without rows there is one empty frame.

    Args:
        chunks: The rows, in chunks of the same columns; at least one, which may be empty.
        to_frame: Converts a chunk to the frame that assets work with.
    """

    def __init__(self, chunks: Iterable[pa.Table], to_frame: Callable[[pa.Table], pd.DataFrame] = to_pandas):
        self._to_frame = to_frame
        self._file = TemporaryFile()  # noqa: SIM115 - it is closed with the last reference to it
        chunks = iter(chunks)
        first = next(chunks)
        with pa.ipc.new_file(self._file, first.schema, options=_OPTIONS) as writer:
            writer.write_table(first, SPOOLED_CHUNK_ROWS)
            for chunk in chunks:
                writer.write_table(chunk, SPOOLED_CHUNK_ROWS)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for chunk in self._read():
            yield self._to_frame(chunk)

    def find_repeated(self, column: str) -> list[int]:
        """The values that a column of integers has more than once, in ascending order; nulls do not count."""
        field = self._open().schema.get_field_index(column)
        values = np.concatenate([chunk[0].drop_null().to_numpy() for chunk in self._read([field])])
        values.sort()
        return [int(value) for value in np.unique(values[1:][values[1:] == values[:-1]])]

    def _open(self, fields: list[int] | None = None) -> pa.ipc.RecordBatchFileReader:
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        return pa.ipc.open_file(self._file, options=options)

    def _read(self, fields: list[int] | None = None) -> Iterator[pa.Table]:
        reader = self._open(fields)
        if not reader.num_record_batches:
            yield reader.schema.empty_table()
        for number in range(reader.num_record_batches):
            yield pa.Table.from_batches([reader.get_batch(number)])


class FrameInChunks(Iterator[pd.DataFrame]):
    """A frame to store that is larger than memory, chunk by chunk.

    Args:
        chunks: Its rows.
        rows: How many these are.
        rejected: The rows that were kept out of it; see `FrameWithRejected`.
    """

    def __init__(self, chunks: Iterator[pd.DataFrame], rows: int, rejected: pd.DataFrame | None = None):
        self.rejected = rejected
        self._chunks = chunks
        self._rows = rows

    def __next__(self) -> pd.DataFrame:
        return next(self._chunks)

    def __len__(self) -> int:
        return self._rows


def as_frame(rows: pd.DataFrame | SpooledRows) -> pd.DataFrame:
    """All rows at once, for those that are known to fit into memory although they are many."""
    return rows if isinstance(rows, pd.DataFrame) else pd.concat(rows, ignore_index=True)
