"""Uploads the rows of a write into a staging table of its own in Snowflake.

What replaces a slice by these rows is in `snowflake.py`.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import dagster as dg
import pandas as pd
import pyarrow as pa
from snowflake.connector import SnowflakeConnection, pandas_tools

from sales_assets.warehouse.slices import Slice
from sales_assets.warehouse.snowflake_types import DIALECT


@contextmanager
def stage_rows(
    connection: SnowflakeConnection, slice_: Slice, contract: dg.TableSchema, chunks: Iterable[pa.Table]
) -> Iterator[str]:
    """Upload the rows into a table of this write's own, and drop it afterwards.

    Only a killed process leaves one behind. Nothing reads it, and its name says which table it was for.
    """
    staging = Slice(slice_.schema, f"{slice_.table}__staging_{uuid.uuid4().hex}")
    table = DIALECT.quote_table(staging)
    with connection.cursor() as cursor:
        cursor.execute(f"create transient table {table} ({DIALECT.define_columns(contract)})")
        try:
            for chunk in chunks:
                _upload(connection, staging, chunk)
            yield table
        finally:
            cursor.execute(f"drop table if exists {table}")


def _upload(connection: SnowflakeConnection, staging: Slice, rows: pa.Table) -> None:
    if not rows.num_rows:
        return
    frame = rows.rename_columns([name.upper() for name in rows.column_names])
    pandas_tools.write_pandas(
        connection,
        frame.to_pandas(types_mapper=pd.ArrowDtype),
        staging.table.upper(),
        schema=staging.schema.upper(),
        use_logical_type=True,
    )
