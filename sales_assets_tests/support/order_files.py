"""Order files as marketplaces upload them, with the differences that a test needs."""

import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LINE = {
    "order_id": "A-1",
    "marketplace": "bazaar",
    "order_date": "2025-01-15T10:30:00Z",
    "customer_email": "ada@example.com",
    "sku": "007",
    "qty": "2",
    "unit_price": "19.99",
    "currency": "EUR",
}


def csv_file(*lines: dict[str, Any], **options: Any) -> bytes:
    """A CSV file of lines that differ from `LINE` in some columns; options are those of `csv.DictWriter`."""
    text = io.StringIO()
    more_columns = [name for line in lines for name in line.keys() - LINE]
    writer = csv.DictWriter(text, [*LINE, *more_columns], **options)
    writer.writeheader()
    writer.writerows([LINE | line for line in lines])
    return text.getvalue().encode()


def parquet_file(**columns: Any) -> bytes:
    """A Parquet file of one or more rows that differ from `LINE` in some columns."""
    sizes = {len(values) for values in columns.values()} or {1}
    table = pa.table({name: [value] * max(sizes) for name, value in LINE.items()} | columns)
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()
