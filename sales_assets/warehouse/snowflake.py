"""The warehouse in production: Snowflake.

How Snowflake replaces and reads a slice belongs here, with the resources that are bound to it; what is
the same on DuckDB stands in `io_manager.py` and `statements.py`. Types are in `snowflake_types.py`, refusals
in `snowflake_errors.py`.

Snowflake's DDL commits an open transaction. So all of it comes first, the upload into a staging table
of the write's own included; what replaces the rows is a transaction without any.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
from dagster_snowflake import SnowflakeResource
from dagster_snowflake_pandas import SnowflakePandasIOManager
from pydantic import PrivateAttr
from snowflake.connector import SnowflakeConnection, pandas_tools

from sales_assets.frames import to_pandas
from sales_assets.redaction import RedactedReprMixin
from sales_assets.warehouse.io_manager import WarehouseIOManager
from sales_assets.warehouse.slices import Slice
from sales_assets.warehouse.snowflake_errors import key_refusals, refusals
from sales_assets.warehouse.snowflake_types import DIALECT, contract_type, stored_type
from sales_assets.warehouse.statements import (
    definition,
    query_of,
    refuse_strays,
    replacement,
    strays,
)

_SESSION = {"TIMEZONE": "UTC", "LOCK_TIMEOUT": 1800, "AUTOCOMMIT": True}
"""Instants are UTC; a write waits half an hour for another write to the same table."""


class SnowflakeEngine:
    """Tables in one Snowflake database."""

    kind = "snowflake"
    dialect = DIALECT

    def __init__(self, config: Mapping[str, Any]):
        self.config = config

    def stored_contract(self, slice_: Slice) -> dg.TableSchema | None:
        """See `Engine`."""
        with self.connected("columns") as connection:
            stored = _stored_columns(connection, slice_)
        if not stored:
            return None
        columns = {name.lower(): contract_type(type_) for name, type_ in stored.items()}
        return dg.TableSchema(columns=[dg.TableColumn(name, type_) for name, type_ in columns.items()])

    def replace(
        self, slice_: Slice, contract: dg.TableSchema, chunks: Iterable[pa.Table], holder: str
    ) -> None:
        """See `Engine`; the chunks are uploaded before the transaction begins."""
        with self.connected(holder) as connection, connection.cursor() as cursor:
            for statement in definition(DIALECT, slice_, contract, _stored_columns(connection, slice_)):
                cursor.execute(statement)
            with _staged(connection, slice_, contract, chunks) as staging:
                cursor.execute(*strays(DIALECT, slice_, staging))
                refuse_strays(DIALECT, slice_, cursor.fetchone())
                cursor.execute("begin")
                try:
                    for sql, values in replacement(DIALECT, slice_, contract, staging):
                        cursor.execute(sql, values)
                except BaseException:
                    cursor.execute("rollback")
                    raise
                cursor.execute("commit")

    def read(self, slice_: Slice, columns: Sequence[str], holder: str) -> pa.Table:
        """See `Engine`."""
        with self.connected(holder) as connection:
            stored = _stored_columns(connection, slice_)
            return _fetched(connection, *query_of(DIALECT, slice_, columns, stored))

    @contextmanager
    def connected(self, holder: str) -> Iterator[SnowflakeConnection]:
        """A connection, always closed.

        Args:
            holder: Who asks; the query tag, by which cost is attributed.

        Raises:
            RefusedError: Snowflake refuses the login, a name or a right; no retry mends it.
        """
        given = self.config.get("additional_snowflake_connection_args") or {}
        session = {**_SESSION, "QUERY_TAG": holder, **given.get("session_parameters", {})}
        arguments = {**given, "paramstyle": "qmark", "session_parameters": session}
        config = {**self.config, "additional_snowflake_connection_args": arguments, "autocommit": True}
        with refusals(holder), ExitStack() as opened:
            with key_refusals(holder):
                connection = opened.enter_context(SnowflakeResource(**config).get_connection())
            yield opened.enter_context(closing(connection))


class SnowflakeWarehouseIOManager(RedactedReprMixin, SnowflakePandasIOManager):
    """Stores frames in Snowflake; configured like the library's own IO manager."""

    def create_io_manager(  # type: ignore[override] # the library returns its private base class
        self,
        context: dg.InitResourceContext,  # noqa: ARG002 - Dagster passes it
    ) -> WarehouseIOManager:
        """Called by Dagster when a run needs the IO manager."""
        config = self.model_dump(exclude={"schema_", "store_timestamps_as_strings"}, exclude_none=True)
        return WarehouseIOManager(SnowflakeEngine(config), self.schema_)


class SnowflakeWarehouse(RedactedReprMixin, SnowflakeResource):
    """Reads the warehouse by SQL, for checks, reconciliation and people."""

    _holder: str = PrivateAttr("a query")

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Called by Dagster when a run needs the resource."""
        self._holder = f"run {context.run.run_id}, warehouse" if context.run else self._holder

    def query(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Run one query.

        Args:
            sql: With `?` for parameters.
            params: Their values.

        Returns:
            The rows, in the types that assets work with.
        """
        config = self.model_dump(exclude_none=True, by_alias=True)
        with SnowflakeEngine(config).connected(self._holder) as connection:
            return to_pandas(_fetched(connection, sql, list(params)))


@contextmanager
def _staged(
    connection: SnowflakeConnection, slice_: Slice, contract: dg.TableSchema, chunks: Iterable[pa.Table]
) -> Iterator[str]:
    """A table of this write's own that holds its rows, dropped afterwards.

    Only a process that is killed leaves one behind, which nothing reads; its name says what it was.
    """
    staging = Slice(slice_.schema, f"{slice_.table}__staging_{uuid.uuid4().hex}")
    table = DIALECT.table(staging)
    with connection.cursor() as cursor:
        cursor.execute(f"create transient table {table} ({DIALECT.columns(contract)})")
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


def _fetched(connection: SnowflakeConnection, sql: str, values: Sequence[Any]) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetch_arrow_all(force_return_table=True, force_microsecond_precision=True)
    return rows.rename_columns([name.lower() for name in rows.column_names])


def _stored_columns(connection: SnowflakeConnection, slice_: Slice) -> dict[str, str]:
    query = (
        "select column_name, data_type, numeric_precision, numeric_scale from information_schema.columns "
        "where table_schema = ? and table_name = ? order by ordinal_position"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, (slice_.schema.upper(), slice_.table.upper()))
        return {name: stored_type(*described) for name, *described in cursor.fetchall()}
