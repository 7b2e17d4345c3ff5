"""Reads an order file piece by piece: CSV, gzip CSV or Parquet, told by the end of its name.

Here a file becomes columns of values with the place of each row; what the values have to be is decided in
`transforms/marketplace_orders.py`, and where a file comes from in `bucket.py`.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import IO, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sales_assets.transforms.marketplace_orders import COLUMNS, BadFileError, shown, typed

SUFFIXES = (".csv", ".csv.gz", ".parquet")
"""How the name of an order file ends, in capitals or not."""

CHUNK_ROWS = 50_000
LONGEST_LINE_BYTES = 1_000_000
"""A line beyond that is no order; reading on would fill the memory."""

_DAMAGES: dict[str, tuple[type[Exception], ...]] = {
    "gzip": (gzip.BadGzipFile, EOFError, zlib.error),
    "Parquet": (pa.ArrowException, OSError),  # Arrow says of a torn page that it could not be read
}

Row = tuple[int, list[str]]
"""The line where a row of a CSV file starts, and its fields."""


@dataclass(frozen=True)
class Orders:
    """The order lines of a file.

    Attributes:
        ignored: The columns of the file that are not stored.
        chunks: Its rows, typed, some at a time; raises `BadFileError` where they cannot be read.
    """

    ignored: tuple[str, ...]
    chunks: Iterator[pd.DataFrame]


def is_order_file(name: str) -> bool:
    """Whether a name is that of a file which can be read."""
    return name.lower().endswith(SUFFIXES)


def read_orders(stream: IO[bytes], name: str) -> Orders:
    """Read the header of a file; its rows are read as they are taken.

    Args:
        stream: The file, at its start; seekable for Parquet.
        name: Its name, which tells its format.

    Raises:
        BadFileError: The file cannot be read, or lacks columns.
    """
    lowered = name.lower()
    if lowered.endswith(".parquet"):
        return _parquet(stream)
    if lowered.endswith(".csv.gz"):
        return _csv(cast("IO[bytes]", gzip.GzipFile(fileobj=stream)))
    if lowered.endswith(".csv"):
        return _csv(stream)
    message = f"Its name ends with none of {', '.join(SUFFIXES)}, so nobody knows how to read it."
    raise BadFileError(message)


def _csv(stream: IO[bytes]) -> Orders:
    rows = _rows(stream)
    _, header = next(rows, (1, []))
    ignored = _checked_header(header)
    return Orders(ignored, _csv_chunks(rows, header))


def _csv_chunks(rows: Iterator[Row], header: Sequence[str]) -> Iterator[pd.DataFrame]:
    width = len(header)
    while True:
        # One flat list: Python's garbage collector would look through a list for each row again and again.
        places: list[str] = []
        fields: list[str] = []
        for line, row in islice(rows, CHUNK_ROWS):
            if len(row) != width:
                message = f"Line {line}: it has {len(row)} fields, but the header has {width}."
                raise BadFileError(message)
            places.append(f"line {line}")
            fields += row
        if not places:
            return
        columns = {name: pa.array(fields[header.index(name) :: width], pa.string()) for name in COLUMNS}
        yield typed(columns, places)


def _rows(stream: IO[bytes]) -> Iterator[Row]:
    """The rows that are not empty; a row may take several lines."""
    reader = csv.reader(_lines(stream), strict=True)
    start = 1
    try:
        for fields in reader:
            if fields:
                yield start, fields
            start = reader.line_num + 1
    except csv.Error as error:
        message = f"Line {start}: it is no row of a CSV file ({error})."
        raise BadFileError(message) from None


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """The lines of a text in UTF-8, with or without a byte order mark."""
    number, encoding = 0, "utf-8-sig"
    with _readable("gzip"):
        for line in iter(partial(stream.readline, LONGEST_LINE_BYTES), b""):
            number += 1
            if len(line) == LONGEST_LINE_BYTES:
                message = f"Line {number}: it is longer than {LONGEST_LINE_BYTES} bytes."
                raise BadFileError(message)
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError as error:
                message = (
                    f"Line {number}: it is not text in UTF-8, from byte {error.start + 1} of the line on."
                )
                raise BadFileError(message) from None
            encoding = "utf-8"


def _parquet(stream: IO[bytes]) -> Orders:
    with _readable("Parquet"):
        file = pq.ParquetFile(stream, pre_buffer=False)
    return Orders(_checked_header(file.schema_arrow.names), _parquet_chunks(file))


def _parquet_chunks(file: pq.ParquetFile) -> Iterator[pd.DataFrame]:
    rows = 0
    for batch in _batches(file):
        places = [f"row {row}" for row in range(rows + 1, rows + batch.num_rows + 1)]
        yield typed({name: batch[name] for name in COLUMNS}, places)
        rows += batch.num_rows


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    with _readable("Parquet"):
        yield from file.iter_batches(CHUNK_ROWS, columns=list(COLUMNS))


@contextmanager
def _readable(format_: str) -> Iterator[None]:
    """Say of a damaged file that it is damaged."""
    try:
        yield
    except _DAMAGES[format_] as error:
        message = f"It is damaged, or no {format_} file: {' '.join(str(error).split())}."
        raise BadFileError(message) from None


def _checked_header(header: Sequence[str]) -> tuple[str, ...]:
    """The columns that are not stored.

    Raises:
        BadFileError: Columns are missing, or there more than once.
    """
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        found = ", ".join(map(shown, header[:50])) or "nothing"
        message = f"The column {', '.join(missing)} is missing; the header has {found}."
        raise BadFileError(message)
    doubled = [name for name in COLUMNS if header.count(name) > 1]
    if doubled:
        message = f"The column {', '.join(doubled)} is there more than once."
        raise BadFileError(message)
    return tuple(name for name in header if name not in COLUMNS)
