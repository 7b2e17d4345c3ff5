"""Uploads the rows of a write into a staging table of its own in Snowflake, and finds those left behind.

What replaces a slice by these rows is in `snowflake.py`.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import dagster as dg
import pandas as pd
import pyarrow as pa
from snowflake.connector import SnowflakeConnection, pandas_tools

from sales_assets.warehouse.engine import Replacement
from sales_assets.warehouse.readings import Reading, leave_out
from sales_assets.warehouse.slices import Slice, Value
from sales_assets.warehouse.snowflake_memory import create_missing, read_stored_columns
from sales_assets.warehouse.snowflake_types import DIALECT
from sales_assets.warehouse.statements import (
    Statement,
    build_out_of_range_query,
    build_replacement,
    refuse_out_of_range_rows,
)
from sales_assets.warehouse.uniqueness import refuse_repeated_values


@dataclass(frozen=True)
class StagedSlice:
    """A slice whose new rows are uploaded.

    Attributes:
        slice_: The rows to replace.
        contract: The table's columns.
        staging: The table that has the new rows, quoted; None if there are none.
    """

    slice_: Slice
    contract: dg.TableSchema
    staging: str | None

    def build_replacement(self, newer: Sequence[Reading]) -> list[Statement]:
        """Build what replaces the slice within a transaction, but for newer days."""
        replaced = leave_out(self.slice_, newer)
        staging = self.staging or ""
        delete, insert = build_replacement(DIALECT, replaced, self.contract, staging, only=bool(newer))
        return [delete, insert] if self.staging else [delete]


def stage_slice(
    stack: ExitStack,
    connection: SnowflakeConnection,
    slice_: Slice,
    contract: dg.TableSchema,
    chunks: Iterable[pa.Table],
    *,
    unique: Sequence[dg.TableColumn] = (),
) -> StagedSlice:
    """Upload the rows of a slice, until the stack ends; refuse those outside of it and repeated values."""
    staging = stack.enter_context(stage_rows(connection, slice_, contract, chunks))
    with connection.cursor() as cursor:

        def fetch_one(sql: str, values: list[Value]) -> tuple[object, ...] | None:
            cursor.execute(sql, values)
            return cast("tuple[object, ...] | None", cursor.fetchone())

        refuse_out_of_range_rows(
            DIALECT, slice_, fetch_one(*build_out_of_range_query(DIALECT, slice_, staging))
        )
        refuse_repeated_values(fetch_one, DIALECT, slice_, staging, unique)
    return StagedSlice(slice_, contract, staging)


def stage_beside(
    stack: ExitStack, connection: SnowflakeConnection, beside: Replacement | None
) -> list[StagedSlice]:
    """Prepare what is replaced in the same transaction; without rows, nothing is created or uploaded."""
    if beside is None:
        return []
    if beside.rows is not None:
        create_missing(connection, beside.slice_, beside.contract)
        return [stage_slice(stack, connection, beside.slice_, beside.contract, [beside.rows])]
    if not read_stored_columns(connection, beside.slice_):
        return []
    return [StagedSlice(beside.slice_, beside.contract, staging=None)]


_STAGING_NAME = re.compile(r".+__STAGING_[0-9A-F]{32}")


@contextmanager
def stage_rows(
    connection: SnowflakeConnection, slice_: Slice, contract: dg.TableSchema, chunks: Iterable[pa.Table]
) -> Iterator[str]:
    """Upload the rows into a table of this write's own, and drop it afterwards.

    Only a killed process leaves one behind, which nothing reads. `retention_job` drops it.
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


def list_staging_tables(connection: SnowflakeConnection, before: datetime) -> list[Slice]:
    """List the staging tables that were created before a time, in any schema of the database."""
    with connection.cursor() as cursor:
        cursor.execute("show tables like '%__STAGING_%' in database")
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [
        Slice(str(row["schema_name"]), str(row["name"]))
        for row in rows
        if _STAGING_NAME.fullmatch(str(row["name"])) and row["created_on"] < before
    ]


def drop_tables(connection: SnowflakeConnection, tables: Sequence[Slice]) -> None:
    """Drop tables; those that are gone already do not matter."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"drop table if exists {DIALECT.quote_table(table)}")


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
