"""Creates and replaces one table on an open DuckDB connection, within the transaction of the caller."""

from collections.abc import Iterable, Sequence
from contextlib import closing

import dagster as dg
import duckdb
import pyarrow as pa

from sales_assets.warehouse.readings import Reading, leave_out
from sales_assets.warehouse.slices import Slice, Value
from sales_assets.warehouse.statements import (
    Dialect,
    build_missing_ddl,
    build_out_of_range_query,
    build_replacement,
    refuse_out_of_range_rows,
)
from sales_assets.warehouse.uniqueness import refuse_repeated_values

DIALECT_OF_DUCKDB = Dialect()

_INCOMING = "incoming"


class _Incoming:
    """The chunk that is being stored: what is registered with DuckDB stays in memory until the commit."""

    def __init__(self, chunk: pa.Table):
        self.chunk = chunk

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.chunk.__arrow_c_stream__(requested_schema)


def replace_in_duckdb(
    connection: duckdb.DuckDBPyConnection,
    slice_: Slice,
    contract: dg.TableSchema,
    chunks: Iterable[pa.Table],
    newer: Sequence[Reading],
    *,
    unique: Sequence[dg.TableColumn] = (),
) -> None:
    """Replace a slice by rows, but for days whose stored rows are newer; see `Engine.replace`."""
    dialect = DIALECT_OF_DUCKDB
    create_in_duckdb(connection, slice_, contract)
    replaced = leave_out(slice_, newer)
    delete, insert = build_replacement(dialect, replaced, contract, _INCOMING, only=bool(newer))
    connection.execute(*delete)
    incoming: _Incoming | None = None
    for chunk in chunks:
        if incoming is None:
            incoming = _Incoming(chunk)
            connection.register(_INCOMING, incoming)
        incoming.chunk = chunk
        outside = connection.execute(*build_out_of_range_query(dialect, slice_, _INCOMING))
        refuse_out_of_range_rows(dialect, slice_, outside.fetchone())
        connection.execute(*insert)

    def fetch_one(sql: str, values: list[Value]) -> tuple[object, ...] | None:
        return connection.execute(sql, values).fetchone()

    refuse_repeated_values(fetch_one, dialect, slice_, dialect.quote_table(slice_), unique)


def create_in_duckdb(connection: duckdb.DuckDBPyConnection, slice_: Slice, contract: dg.TableSchema) -> None:
    """Create a table, or the columns that it lacks."""
    stored = read_duckdb_columns(connection, slice_)
    for statement in build_missing_ddl(DIALECT_OF_DUCKDB, slice_, contract, stored):
        connection.execute(statement)


def read_duckdb_columns(connection: duckdb.DuckDBPyConnection, slice_: Slice) -> dict[str, str]:
    """Return the type of each committed column of a table; empty if it does not exist.

    To be told that a table is missing ends a transaction, so this is asked beside the caller's.
    `duckdb_columns()`, which never fails, takes ten times as long: it prepares every view of the catalog.
    """
    with closing(connection.cursor()) as beside:
        query = "select name, type from pragma_table_info(?)"
        try:
            return dict(beside.execute(query, [DIALECT_OF_DUCKDB.quote_table(slice_)]).fetchall())
        except duckdb.CatalogException:
            return {}
