"""Reads the rows of a Parquet file in chunks that are bounded in rows and bytes.

In Parquet, a long value that repeats is stored once, so that a small file can unpack to gigabytes. Columns
that could are read as dictionaries, which hold each value once, and are unpacked some rows at a time.
How large anything may be is in `file_limits.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sales_assets.sources.marketplace import file_limits
from sales_assets.transforms.marketplace_orders import BadFileError

_STREAM_BYTES = 1024 * 1024
_REPEATING = frozenset({"PLAIN_DICTIONARY", "RLE_DICTIONARY", "DELTA_BYTE_ARRAY"})


class ParquetRows:
    """The rows of a file.

    Args:
        stream: The file; seekable.

    Raises:
        BadFileError: It is no Parquet file, or has too many columns.
    """

    def __init__(self, stream: IO[bytes]):
        self._stream = stream
        with _refuse_damage():
            self._file = pq.ParquetFile(stream, pre_buffer=False)
        self.names: list[str] = self._file.schema_arrow.names
        count = self._file.metadata.num_columns
        if count > file_limits.MAX_COLUMNS:
            message = f"The file has {count} columns; the limit is {file_limits.MAX_COLUMNS}."
            raise BadFileError(message)

    def read_chunks(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some of the columns, in chunks.

        Args:
            columns: Their names.

        Raises:
            BadFileError: The file is damaged, or more than a limit allows.
        """
        self._refuse_nested(columns)
        sizes = self._find_sizes(columns)
        rows = _find_batch_rows(sizes)
        dictionaries = [name for name, (size, _) in sizes.items() if size * rows > file_limits.CHUNK_BYTES]
        with _refuse_damage():
            file = pq.ParquetFile(
                self._stream, pre_buffer=False, buffer_size=_STREAM_BYTES, read_dictionary=dictionaries
            )
            for batch in file.iter_batches(rows, columns=list(columns)):
                yield from _split(batch)

    def _refuse_nested(self, columns: Sequence[str]) -> None:
        # One row of a list may hold millions of values.
        for name in columns:
            type_ = self._file.schema_arrow.field(name).type
            if pa.types.is_nested(type_):
                message = f"Column {name}: values of type {type_} are not accepted."
                raise BadFileError(message)

    def _find_sizes(self, columns: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """By column whose values may repeat: the most that one value may take, and whether it is shared text.

        Raises:
            BadFileError: A row group is too large.
        """
        sizes: dict[str, tuple[int, bool]] = {}
        metadata = self._file.metadata
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            chunks = [group.column(index) for index in range(group.num_columns)]
            chunks = [chunk for chunk in chunks if chunk.path_in_schema in columns]
            total = sum(chunk.total_uncompressed_size for chunk in chunks)
            if total > file_limits.MAX_ROW_GROUP_BYTES:
                message = (
                    f"Row group {number + 1} has {group.num_rows} rows and {total} bytes unpacked; "
                    f"the limit is {file_limits.MAX_ROW_GROUP_BYTES} bytes. "
                    "Have the file written in smaller row groups."
                )
                raise BadFileError(message)
            for chunk in chunks:
                if chunk.physical_type.endswith("BYTE_ARRAY") and not _REPEATING.isdisjoint(chunk.encodings):
                    size, is_shared = sizes.get(chunk.path_in_schema, (0, False))
                    # Only texts of any length can be read as dictionaries.
                    is_shared |= "DELTA_BYTE_ARRAY" in chunk.encodings or chunk.physical_type != "BYTE_ARRAY"
                    sizes[chunk.path_in_schema] = (max(size, chunk.total_uncompressed_size), is_shared)
        return sizes


def _find_batch_rows(sizes: dict[str, tuple[int, bool]]) -> int:
    """How many rows to read at a time, so that columns that cannot be read as dictionaries stay small."""
    largest = max((size for size, is_shared in sizes.values() if is_shared), default=0)
    return max(1, min(file_limits.CHUNK_ROWS, file_limits.CHUNK_BYTES // max(largest, 1)))


def _split(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Split a batch into parts that are small once their dictionaries are unpacked.

    Raises:
        BadFileError: A value is too long.
    """
    row_bytes = 0
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        longest = _find_longest(values)
        if longest > file_limits.MAX_VALUE_BYTES:
            message = (
                f"Column {name} has a value of {longest} bytes; the limit is {file_limits.MAX_VALUE_BYTES}."
            )
            raise BadFileError(message)
        row_bytes += longest
    rows = max(1, file_limits.CHUNK_BYTES // max(row_bytes, 1))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def _find_longest(values: pa.Array) -> int:
    """The length of the longest text of a column, in bytes; 0 if it has none."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary
    type_ = values.type
    if pa.types.is_fixed_size_binary(type_):
        return int(type_.byte_width)
    is_text = any(
        test(type_)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )
    return int(pc.max(pc.binary_length(values)).as_py() or 0) if is_text else 0


@contextmanager
def _refuse_damage() -> Iterator[None]:
    """Raise `BadFileError` for a damaged file; Arrow reports a torn page as an `OSError`."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        message = f"Damaged, or not a Parquet file: {' '.join(str(error).split())}."
        raise BadFileError(message) from None
