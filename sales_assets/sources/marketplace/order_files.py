"""Reads an order file in chunks: CSV, gzip CSV or Parquet, by the suffix of its name.

This module turns a file into columns of values and the place of each row. `transforms/marketplace_orders.py`
decides what the values must be, `bucket.py` fetches the files, and `csv_rows.py` and `parquet_rows.py` bound
how much of a file is in memory.
"""

import gzip
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, cast

import pandas as pd
import pyarrow as pa

from sales_assets.sources.marketplace.csv_rows import CsvRows
from sales_assets.sources.marketplace.parquet_rows import ParquetRows
from sales_assets.transforms.marketplace_orders import (
    FILE_COLUMNS,
    BadFileError,
    format_value,
    parse_order_lines,
)

_Chunk = tuple[dict[str, pa.Array], list[str]]
"""Some rows of a file: the values of each of `FILE_COLUMNS`, and the place of each row."""

_File = tuple[tuple[str, ...], Iterator[_Chunk]]
"""The columns of a file that are not stored, and its rows."""


@dataclass(frozen=True)
class OrderLines:
    """The order lines of a file.

    Attributes:
        ignored: The columns of the file that are not stored.
        chunks: Its parsed rows, as many at a time as `file_limits.py` allows; raises `BadFileError` at a row
            that cannot be loaded.
    """

    ignored: tuple[str, ...]
    chunks: Iterator[pd.DataFrame]


def is_order_file(name: str) -> bool:
    """Return whether a file can be read, judging by its name."""
    return name.lower().endswith(tuple(_READERS))


def read_order_lines(
    stream: IO[bytes], name: str, personal_columns: Collection[str] = FILE_COLUMNS
) -> OrderLines:
    """Read the header of a file. Its rows are read while `chunks` is iterated.

    Args:
        stream: The file, at its start; seekable for Parquet.
        name: Its name, whose suffix gives the format.
        personal_columns: The columns whose values an error must not show; by default, no value is shown.

    Raises:
        BadFileError: The file cannot be read, or lacks columns.
    """
    for suffix, read in _READERS.items():
        if name.lower().endswith(suffix):
            ignored, chunks = read(stream)
            return OrderLines(ignored, (parse_order_lines(*chunk, personal_columns) for chunk in chunks))
    message = f"Unsupported file type; expected one of {', '.join(_READERS)}."
    raise BadFileError(message)


def _read_gzip(stream: IO[bytes]) -> _File:
    return _read_csv(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)))


def _read_csv(stream: IO[bytes]) -> _File:
    rows = CsvRows(stream)
    header = rows.read_header()
    return _find_ignored_columns(header), _read_csv_chunks(rows, header)


def _read_csv_chunks(rows: CsvRows, header: Sequence[str]) -> Iterator[_Chunk]:
    width = len(header)
    while True:
        places, fields = rows.read_chunk(width)
        if not places:
            return
        yield (
            {name: pa.array(fields[header.index(name) :: width], pa.string()) for name in FILE_COLUMNS},
            places,
        )


def _read_parquet(stream: IO[bytes]) -> _File:
    rows = ParquetRows(stream)
    return _find_ignored_columns(rows.names), _read_parquet_chunks(rows)


def _read_parquet_chunks(rows: ParquetRows) -> Iterator[_Chunk]:
    count = 0
    for batch in rows.read_chunks(FILE_COLUMNS):
        places = [f"row {row}" for row in range(count + 1, count + batch.num_rows + 1)]
        yield {name: batch[name] for name in FILE_COLUMNS}, places
        count += batch.num_rows


def _find_ignored_columns(header: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are not stored.

    Raises:
        BadFileError: A column is missing, or occurs more than once.
    """
    missing = [name for name in FILE_COLUMNS if name not in header]
    if missing:
        names = ", ".join(map(format_value, header[:50])) or "nothing"
        message = f"Missing column {', '.join(missing)}; the header has {names}."
        raise BadFileError(message)
    repeated = [name for name in FILE_COLUMNS if header.count(name) > 1]
    if repeated:
        message = f"Column {', '.join(repeated)} occurs more than once."
        raise BadFileError(message)
    return tuple(name for name in header if name not in FILE_COLUMNS)


_READERS: dict[str, Callable[[IO[bytes]], _File]] = {
    ".csv": _read_csv,
    ".csv.gz": _read_gzip,
    ".parquet": _read_parquet,
}
"""By how the name of an order file ends, in upper or lower case."""
