"""What a write to Snowflake remembers: its origin, and when its rows were read.

What is remembered is up to `origin.py` and `readings.py`. DDL would commit the write's transaction, so tables
are created before it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import dagster as dg
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor

from sales_assets.warehouse.origin import (
    ORIGIN,
    ORIGIN_CONTRACT,
    build_memory,
    build_memory_query,
    is_of_business_days,
)
from sales_assets.warehouse.readings import (
    READINGS,
    READINGS_CONTRACT,
    Reading,
    remember_reading,
)
from sales_assets.warehouse.slices import Slice, Value
from sales_assets.warehouse.snowflake_types import DIALECT, to_dialect_type
from sales_assets.warehouse.statements import Statement, build_missing_ddl

_READINGS = DIALECT.quote_table(READINGS)
_LOCK = "table_name = ? and start_at = end_at"
"""The row that a write to a table updates first. An update locks its row until the commit."""

_EPOCH = "cast('1970-01-01' as timestamp_ntz)"
_CREATE_LOCK = (
    f"insert into {_READINGS} select ?, {_EPOCH}, {_EPOCH}, {_EPOCH} "
    f"where not exists (select 1 from {_READINGS} where {_LOCK})"
)
_TAKE_LOCK = f"update {_READINGS} set read_at = read_at where {_LOCK}"


def create_missing(connection: SnowflakeConnection, slice_: Slice, contract: dg.TableSchema) -> None:
    """Create a table, or the columns that it lacks."""
    stored = read_stored_columns(connection, slice_)
    with connection.cursor() as cursor:
        for statement in build_missing_ddl(DIALECT, slice_, contract, stored):
            cursor.execute(statement)


def prepare_origin(
    connection: SnowflakeConnection, slice_: Slice, origin: Mapping[str, str]
) -> list[Statement]:
    """Refuse another origin before anything is uploaded; returns what the transaction has to remember."""
    if not origin or not is_of_business_days(slice_):
        return []
    create_missing(connection, ORIGIN, ORIGIN_CONTRACT)
    with connection.cursor() as cursor:
        cursor.execute(build_memory_query(DIALECT))
        return build_memory(DIALECT, cast("list[tuple[str, str]]", cursor.fetchall()), origin)


def prepare_reading(connection: SnowflakeConnection, slice_: Slice) -> None:
    """Create what `remember` needs; two first writers may both create the lock, and then update both rows."""
    create_missing(connection, READINGS, READINGS_CONTRACT)
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_LOCK, [slice_.name, slice_.name])


def remember(cursor: SnowflakeCursor, slice_: Slice, read_at: datetime) -> list[Reading]:
    """Wait for other writes to the table, then remember the reading; see `remember_reading`."""

    def execute(sql: str, values: list[Value]) -> Sequence[Sequence[Any]]:
        cursor.execute(sql, values)
        return cast("Sequence[Sequence[Any]]", cursor.fetchall())

    execute(_TAKE_LOCK, [slice_.name])
    return remember_reading(execute, DIALECT, slice_, read_at)


def read_stored_columns(connection: SnowflakeConnection, slice_: Slice) -> dict[str, str]:
    """Return the type of each column of a table; empty if it does not exist."""
    query = (
        "select column_name, data_type, numeric_precision, numeric_scale from information_schema.columns "
        "where table_schema = ? and table_name = ? order by ordinal_position"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, (slice_.schema.upper(), slice_.table.upper()))
        return {name: to_dialect_type(*reported) for name, *reported in cursor.fetchall()}
