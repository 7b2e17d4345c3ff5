"""How much of an order file is held in memory at a time, and what no order file may exceed.

A few kilobytes can unpack to gigabytes: every limit counts what a file has once it is unpacked. The readers
are in `csv_rows.py` and `parquet_rows.py`.
"""

CHUNK_ROWS = 50_000

CHUNK_VALUES = 1_000_000
"""In Python, an empty text takes fifty bytes; a file of a hundred columns has smaller chunks."""

CHUNK_BYTES = 32 * 1024 * 1024
"""Fifty thousand order lines of 600 bytes; parsing holds several copies of a chunk."""

MAX_COLUMNS = 1_000

MAX_LINE_BYTES = 1_000_000
"""A longer line is no order line, and neither is a longer row of several lines."""

MAX_VALUE_BYTES = 131_072
"""The limit of Python's `csv`, for all formats."""

MAX_ROW_GROUP_BYTES = 192 * 1024 * 1024
"""What the stored columns of a row group of Parquet may take unpacked; one page may hold all of it."""
