"""Reads an order file in chunks: CSV, gzip CSV or Parquet, by the suffix of its name.

This module turns a file into columns of values and the place of each row. `transforms/marketplace_orders.py`
decides what the values must be, and `bucket.py` fetches the files.
"""

import csv
import gzip
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import IO, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sales_assets.transforms.marketplace_orders import (
    FILE_COLUMNS,
    BadFileError,
    format_value,
    parse_order_lines,
)

CHUNK_ROWS = 50_000
LONGEST_LINE_BYTES = 1_000_000
"""A longer line is no order line, and reading on would fill the memory."""

_DAMAGES: dict[str, tuple[type[Exception], ...]] = {
    "gzip": (gzip.BadGzipFile, EOFError, zlib.error),
    "Parquet": (pa.ArrowException, OSError),  # Arrow reports a torn page as an OSError
}

_Row = tuple[int, list[str]]
"""The line where a row of a CSV file starts, and its fields."""

_Chunk = tuple[dict[str, pa.Array], list[str]]
"""Some rows of a file: the values of each of `FILE_COLUMNS`, and the place of each row."""

_File = tuple[tuple[str, ...], Iterator[_Chunk]]
"""The columns of a file that are not stored, and its rows."""


@dataclass(frozen=True)
class OrderLines:
    """The order lines of a file.

    Attributes:
        ignored: The columns of the file that are not stored.
        chunks: Its parsed rows, `CHUNK_ROWS` at a time; raises `BadFileError` at a row that cannot be loaded.
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
    rows = _read_rows(stream)
    _, header = next(rows, (1, []))
    return _find_ignored_columns(header), _read_csv_chunks(rows, header)


def _read_csv_chunks(rows: Iterator[_Row], header: Sequence[str]) -> Iterator[_Chunk]:
    width = len(header)
    while True:
        # One flat list: with a list per row, Python's garbage collector would scan all of them repeatedly.
        places: list[str] = []
        fields: list[str] = []
        for line, row in islice(rows, CHUNK_ROWS):
            if len(row) != width:
                message = f"Line {line}: expected {width} fields as in the header, got {len(row)}."
                raise BadFileError(message)
            places.append(f"line {line}")
            fields += row
        if not places:
            return
        yield (
            {name: pa.array(fields[header.index(name) :: width], pa.string()) for name in FILE_COLUMNS},
            places,
        )


def _read_rows(stream: IO[bytes]) -> Iterator[_Row]:
    """Read the rows that are not empty; a row may span several lines."""
    reader = csv.reader(_read_lines(stream), strict=True)
    start = 1
    try:
        for fields in reader:
            if fields:
                yield start, fields
            start = reader.line_num + 1
    except csv.Error as error:
        message = f"Line {start}: not a valid CSV row ({error})."
        raise BadFileError(message) from None


def _read_lines(stream: IO[bytes]) -> Iterator[str]:
    """Decode lines from UTF-8, with or without a byte order mark."""
    encoding = "utf-8-sig"
    with _refuse_damage("gzip"):
        for number, line in enumerate(iter(partial(stream.readline, LONGEST_LINE_BYTES), b""), start=1):
            if len(line) == LONGEST_LINE_BYTES:
                message = f"Line {number}: longer than {LONGEST_LINE_BYTES} bytes."
                raise BadFileError(message)
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError as error:
                message = f"Line {number}: not UTF-8 text, from byte {error.start + 1} of the line."
                raise BadFileError(message) from None
            encoding = "utf-8"


def _read_parquet(stream: IO[bytes]) -> _File:
    with _refuse_damage("Parquet"):
        file = pq.ParquetFile(stream, pre_buffer=False)
    return _find_ignored_columns(file.schema_arrow.names), _read_parquet_chunks(file)


def _read_parquet_chunks(file: pq.ParquetFile) -> Iterator[_Chunk]:
    rows = 0
    with _refuse_damage("Parquet"):
        for batch in file.iter_batches(CHUNK_ROWS, columns=list(FILE_COLUMNS)):
            places = [f"row {row}" for row in range(rows + 1, rows + batch.num_rows + 1)]
            yield {name: batch[name] for name in FILE_COLUMNS}, places
            rows += batch.num_rows


@contextmanager
def _refuse_damage(file_format: str) -> Iterator[None]:
    """Raise `BadFileError` for a damaged file."""
    try:
        yield
    except _DAMAGES[file_format] as error:
        message = f"Damaged, or not a {file_format} file: {' '.join(str(error).split())}."
        raise BadFileError(message) from None


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
