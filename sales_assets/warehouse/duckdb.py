"""The warehouse on a laptop: one DuckDB file, opened by one writer or by any number of readers.

How DuckDB replaces and reads a slice belongs here, with the resources that are bound to it; what is
the same on Snowflake stands in `io_manager.py` and `statements.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
from dagster_duckdb_pandas import DuckDBPandasIOManager

from sales_assets.frames import to_pandas
from sales_assets.warehouse.duckdb_file import opened
from sales_assets.warehouse.io_manager import WarehouseIOManager
from sales_assets.warehouse.slices import Slice
from sales_assets.warehouse.statements import (
    Dialect,
    definition,
    query_of,
    refuse_strays,
    replacement,
    strays,
)

_INCOMING = "incoming"


class DuckDBEngine:
    """Tables in one DuckDB file."""

    kind = "duckdb"
    dialect = Dialect()

    def __init__(self, database: Path, config: Mapping[str, Any] | None = None):
        self.database = database
        self.config = config or {}

    def stored_contract(self, slice_: Slice) -> dg.TableSchema | None:
        """See `Engine`."""
        if not self.database.exists():
            return None
        with self._opened(read_only=True, holder=f"the columns of {slice_.name}") as connection:
            columns = _stored_columns(connection, slice_)
        if not columns:
            return None
        return dg.TableSchema(columns=[dg.TableColumn(name, type_) for name, type_ in columns.items()])

    def replace(
        self, slice_: Slice, contract: dg.TableSchema, chunks: Iterable[pa.Table], holder: str
    ) -> None:
        """See `Engine`; all of it, DuckDB's DDL too, is one transaction, which an error rolls back."""
        delete, insert = replacement(self.dialect, slice_, contract, _INCOMING)
        with self._opened(read_only=False, holder=holder) as connection:
            connection.execute("begin")
            for statement in definition(self.dialect, slice_, contract, _stored_columns(connection, slice_)):
                connection.execute(statement)
            connection.execute(*delete)
            for chunk in chunks:
                connection.register(_INCOMING, chunk)
                stray = connection.execute(*strays(self.dialect, slice_, _INCOMING)).fetchone()
                refuse_strays(self.dialect, slice_, stray)
                connection.execute(*insert)
            connection.execute("commit")

    def read(self, slice_: Slice, columns: Sequence[str], holder: str) -> pa.Table:
        """See `Engine`."""
        with self._opened(read_only=True, holder=holder) as connection:
            query, values = query_of(self.dialect, slice_, columns, _stored_columns(connection, slice_))
            rows: pa.Table = connection.sql(query, params=values).to_arrow_table()
            return rows

    def _opened(self, *, read_only: bool, holder: str) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return opened(self.database, read_only=read_only, holder=holder, config=self.config)


class DuckDBWarehouseIOManager(DuckDBPandasIOManager):
    """Stores frames in a DuckDB file; configured like the library's own IO manager.

    Attributes:
        database: Path of the file.
        connection_config: DuckDB settings.
        schema_: The schema of assets that name none.
    """

    def create_io_manager(  # type: ignore[override] # the library returns its private base class
        self,
        context: dg.InitResourceContext,  # noqa: ARG002 - Dagster passes it
    ) -> WarehouseIOManager:
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
        with opened(Path(self.database), read_only=True, holder="a query") as connection:
            return to_pandas(connection.sql(sql, params=list(params)).to_arrow_table())


def _stored_columns(connection: duckdb.DuckDBPyConnection, slice_: Slice) -> dict[str, str]:
    query = (
        "select column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? "
        "order by column_index"
    )
    return dict(connection.execute(query, [slice_.schema, slice_.table]).fetchall())
