"""Reads the rows of a CSV file in chunks that are bounded in rows, values and bytes.

What the columns must be is decided in `order_files.py`, how large anything may be in `file_limits.py`.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator
from functools import partial
from typing import IO

from sales_assets.sources.marketplace import file_limits
from sales_assets.transforms.marketplace_orders import BadFileError

Row = tuple[int, list[str]]
"""The line where a row starts, and its fields."""


class CsvRows:
    """The rows of a file, its header first.

    Args:
        stream: The file, unpacked.
    """

    def __init__(self, stream: IO[bytes]):
        self._stream = stream
        self._row_bytes = 0
        """The bytes of the lines read since the last row ended."""
        self._chunk_bytes = 0
        self._rows = self._read_rows()

    def read_header(self) -> list[str]:
        """Read the first row; empty if the file is.

        Raises:
            BadFileError: It cannot be read, or has too many columns.
        """
        _, header = next(self._rows, (1, []))
        if len(header) > file_limits.MAX_COLUMNS:
            message = f"The header has {len(header)} columns; the limit is {file_limits.MAX_COLUMNS}."
            raise BadFileError(message)
        return header

    def read_chunk(self, width: int) -> tuple[list[str], list[str]]:
        """Read some rows.

        Args:
            width: How many fields each row must have.

        Returns:
            The place of each row, and the fields of all rows in one flat list: with a list per row, Python's
            garbage collector would scan all of them repeatedly. Both are empty after the last row.

        Raises:
            BadFileError: A row cannot be read, or has another number of fields.
        """
        places: list[str] = []
        fields: list[str] = []
        self._chunk_bytes = 0
        most_rows = min(file_limits.CHUNK_ROWS, file_limits.CHUNK_VALUES // max(width, 1))
        for line, row in self._rows:
            if len(row) != width:
                message = f"Line {line}: expected {width} fields as in the header, got {len(row)}."
                raise BadFileError(message)
            places.append(f"line {line}")
            fields += row
            if len(places) >= most_rows or self._chunk_bytes >= file_limits.CHUNK_BYTES:
                break
        return places, fields

    def _read_rows(self) -> Iterator[Row]:
        """Read the rows that are not empty; a row may span several lines."""
        reader = csv.reader(self._read_lines(), strict=True)
        start = 1
        try:
            for fields in reader:
                self._chunk_bytes += self._row_bytes
                self._row_bytes = 0
                if fields:
                    yield start, fields
                start = reader.line_num + 1
        except csv.Error as error:
            message = f"Line {start}: not a valid CSV row ({error})."
            raise BadFileError(message) from None

    def _read_lines(self) -> Iterator[str]:
        """Decode lines from UTF-8, with or without a byte order mark."""
        encoding, most = "utf-8-sig", file_limits.MAX_LINE_BYTES
        try:
            for number, line in enumerate(iter(partial(self._stream.readline, most), b""), start=1):
                self._row_bytes += len(line)
                if self._row_bytes >= most:
                    what = "" if self._row_bytes == len(line) else "the row that goes on here is "
                    message = f"Line {number}: {what}longer than {most} bytes."
                    raise BadFileError(message)
                yield line.decode(encoding)
                encoding = "utf-8"
        except UnicodeDecodeError as error:
            message = f"Line {number}: not UTF-8 text, from byte {error.start + 1} of the line."
            raise BadFileError(message) from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            message = f"Damaged, or not a gzip file: {' '.join(str(error).split())}."
            raise BadFileError(message) from None
