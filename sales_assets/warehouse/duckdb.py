"""The warehouse on a laptop: one DuckDB file, opened by one writer or by any number of readers.

How DuckDB replaces and reads a slice belongs here, with the resources that are bound to it; what is
the same on Snowflake stands in `io_manager.py`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
from dagster_duckdb_pandas import DuckDBPandasIOManager

from sales_assets.errors import RefusedError
from sales_assets.frames import to_pandas
from sales_assets.warehouse.duckdb_file import opened
from sales_assets.warehouse.io_manager import WarehouseIOManager
from sales_assets.warehouse.slices import Slice

_INCOMING = "incoming"


class DuckDBEngine:
    """Tables in one DuckDB file."""

    kind = "duckdb"

    def __init__(self, database: Path, config: Mapping[str, Any] | None = None):
        self.database = database
        self.config = config or {}

    def stored_contract(self, slice_: Slice) -> dg.TableSchema | None:
        """See `Engine`."""
        if not self.database.exists():
            return None
        with self._opened(read_only=True, holder="columns") as connection:
            columns = _stored_columns(connection, slice_)
        return (
            dg.TableSchema(columns=[dg.TableColumn(*column) for column in columns.items()])
            if columns
            else None
        )

    def replace(self, slice_: Slice, contract: dg.TableSchema, rows: pa.Table, holder: str) -> None:
        """See `Engine`."""
        with self._opened(read_only=False, holder=holder) as connection:
            connection.register(_INCOMING, rows)
            _refuse_strays(connection, slice_)
            connection.execute("begin")
            for statement in _definition(slice_, contract, _stored_columns(connection, slice_)):
                connection.execute(statement)
            predicate, values = slice_.predicate()
            connection.execute(f"delete from {_quoted(slice_)} where {predicate}", values)
            names = ", ".join(_identifier(column.name) for column in contract.columns)
            connection.execute(f"insert into {_quoted(slice_)} ({names}) select {names} from {_INCOMING}")
            connection.execute("commit")

    def read(self, slice_: Slice, columns: Sequence[str], holder: str) -> pa.Table:
        """See `Engine`."""
        with self._opened(read_only=True, holder=holder) as connection:
            if not _stored_columns(connection, slice_):
                message = f"There is no table {slice_.name} yet. Materialize the asset that writes it first."
                raise RefusedError(message)
            names = ", ".join(_identifier(name) for name in columns) or "*"
            predicate, values = slice_.predicate()
            query = f"select {names} from {_quoted(slice_)} where {predicate}"
            rows: pa.Table = connection.sql(query, params=values).to_arrow_table()
            return rows

    def _opened(self, *, read_only: bool, holder: str) -> Any:
        return opened(self.database, read_only=read_only, holder=holder, config=self.config)


class DuckDBWarehouseIOManager(DuckDBPandasIOManager):
    """Stores frames in a DuckDB file; configured like the library's own IO manager.

    Attributes:
        database: Path of the file.
        connection_config: DuckDB settings.
        schema_: The schema of assets that name none.
    """

    def create_io_manager(self, context: dg.InitResourceContext) -> WarehouseIOManager:  # noqa: ARG002
        """Called by Dagster when a run needs the IO manager."""
        return WarehouseIOManager(DuckDBEngine(Path(self.database), self.connection_config), self.schema_)


class DuckDBWarehouse(dg.ConfigurableResource[None]):
    """Reads the warehouse by SQL, for checks, reconciliation and people.

    Attributes:
        database: Path of the DuckDB file.
    """

    database: str

    def query(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Run one query, read-only.

        Args:
            sql: With `?` for parameters.
            params: Their values.

        Returns:
            The rows, in the types that assets work with.
        """
        with opened(Path(self.database), read_only=True, holder="query") as connection:
            return to_pandas(connection.sql(sql, params=list(params)).to_arrow_table())


def _refuse_strays(connection: duckdb.DuckDBPyConnection, slice_: Slice) -> None:
    """Refuse rows that the slice's predicate would not delete: they would double at the next run."""
    predicate, values = slice_.predicate()
    columns = ", ".join(part.column for part in slice_.dimensions) or "null"
    query = f"select {columns}, count(*) over () from {_INCOMING} where ({predicate}) is not true limit 1"
    stray = connection.execute(query, values).fetchone()
    if stray:
        *example, count = stray
        message = (
            f"{count} rows for {slice_.name} lie outside the run's partitions, the first with "
            f"{columns} = {', '.join(map(str, example))}; the run's are {slice_.shown_predicate()}. "
            "Nothing was written; stored rows are kept."
        )
        raise RefusedError(message)


def _stored_columns(connection: duckdb.DuckDBPyConnection, slice_: Slice) -> dict[str, str]:
    query = (
        "select column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? "
        "order by column_index"
    )
    return dict(connection.execute(query, [slice_.schema, slice_.table]).fetchall())


def _definition(slice_: Slice, contract: dg.TableSchema, stored: Mapping[str, str]) -> list[str]:
    """The DDL that the contract still lacks; within a transaction, for DuckDB rolls it back too."""
    columns = {column.name: f"{_identifier(column.name)} {column.type}" for column in contract.columns}
    if not stored:
        return [
            f"create schema if not exists {_identifier(slice_.schema)}",
            f"create table {_quoted(slice_)} ({', '.join(columns.values())})",
        ]
    new = (column for name, column in columns.items() if name not in stored)
    return [f"alter table {_quoted(slice_)} add column {column}" for column in new]


def _quoted(slice_: Slice) -> str:
    return f"{_identifier(slice_.schema)}.{_identifier(slice_.table)}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
