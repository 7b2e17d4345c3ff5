"""Fetches Snowflake's answers to queries, with names as the contract spells them.

Which queries these are belongs to `snowflake.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

import pyarrow as pa
from snowflake.connector import SnowflakeConnection


def read_snowflake_clock(connection: SnowflakeConnection) -> datetime:
    """Return what time it is by Snowflake's clock."""
    with connection.cursor() as cursor:
        cursor.execute("select current_timestamp()")
        [(now,)] = cast("list[tuple[datetime]]", cursor.fetchall())
        return now


def fetch_rows(connection: SnowflakeConnection, sql: str, values: Sequence[Any]) -> pa.Table:
    """Run a query and return all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetch_arrow_all(force_return_table=True, force_microsecond_precision=True)
    return _fold_names(rows)


def fetch_in_chunks(connection: SnowflakeConnection, sql: str, values: Sequence[Any]) -> Iterator[pa.Table]:
    """Run a query and yield its rows in the chunks in which Snowflake sends them, at least one."""
    is_empty = True
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        for rows in cursor.fetch_arrow_batches(force_microsecond_precision=True):
            yield _fold_names(rows)
            is_empty = False
    if is_empty:
        # Without rows, the columns come only with an answer that is fetched at once.
        yield fetch_rows(connection, sql, values)


def _fold_names(rows: pa.Table) -> pa.Table:
    return rows.rename_columns([name.lower() for name in rows.column_names])
