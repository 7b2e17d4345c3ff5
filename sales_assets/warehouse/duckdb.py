"""The warehouse on a laptop: one DuckDB file, opened by one writer or by any number of readers.

How DuckDB replaces and reads a slice belongs here, with the resources that use it. What is done with one
table is in `duckdb_tables.py`; the code that Snowflake shares is in `io_manager.py` and `statements.py`.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa
from dagster_duckdb_pandas import DuckDBPandasIOManager
from pydantic import Field

from sales_assets.transforms.frames import stamp_reading
from sales_assets.warehouse.duckdb_file import open_database
from sales_assets.warehouse.duckdb_tables import (
    DIALECT_OF_DUCKDB,
    create_in_duckdb,
    read_duckdb_columns,
    replace_in_duckdb,
)
from sales_assets.warehouse.engine import Replacement, WarehouseReader, Written
from sales_assets.warehouse.io_manager import WarehouseIOManager
from sales_assets.warehouse.origin import (
    ORIGIN,
    ORIGIN_CONTRACT,
    build_memory,
    build_memory_query,
    is_of_business_days,
)
from sales_assets.warehouse.reader import OpenWarehouse, QueriesMixin
from sales_assets.warehouse.readings import (
    READINGS,
    READINGS_CONTRACT,
    Reading,
    find_windows,
    remember_reading,
)
from sales_assets.warehouse.row_counts import build_count_by_date
from sales_assets.warehouse.slices import Slice, Value
from sales_assets.warehouse.statements import build_query

_READ_ROWS = 100_000


class DuckDBEngine:
    """Stores tables in one DuckDB file."""

    kind = "duckdb"
    dialect = DIALECT_OF_DUCKDB

    def __init__(
        self, database: Path, config: Mapping[str, Any] | None = None, origin: Mapping[str, str] | None = None
    ):
        self.database = database
        self.config = config or {}
        self.origin = origin or {}

    def read_stored_contract(self, slice_: Slice) -> dg.TableSchema | None:
        """See `Engine`."""
        if not self.database.exists():
            return None
        with self._open(read_only=True, caller=f"the columns of {slice_.name}") as connection:
            columns = read_duckdb_columns(connection, slice_)
        if not columns:
            return None
        return dg.TableSchema(columns=[dg.TableColumn(name, type_) for name, type_ in columns.items()])

    def replace(
        self,
        slice_: Slice,
        contract: dg.TableSchema,
        chunks: Iterable[pa.Table],
        caller: str,
        read_at: datetime | None = None,
        *,
        beside: Replacement | None = None,
        unique: Sequence[dg.TableColumn] = (),
    ) -> Written:
        """See `Engine`. Everything, DuckDB's DDL included, is one transaction; an error rolls it back."""
        with self._open(read_only=False, caller=caller) as connection:
            connection.execute("begin")
            if self.origin and is_of_business_days(slice_):
                self._remember_origin(connection)
            newer = self._remember_reading(connection, slice_, read_at)
            replace_in_duckdb(connection, slice_, contract, chunks, newer, unique=unique)
            if beside and (beside.rows is not None or read_duckdb_columns(connection, beside.slice_)):
                rows = [] if beside.rows is None else [beside.rows]
                replace_in_duckdb(connection, beside.slice_, beside.contract, rows, newer)
            query = f"select count(*) from {self.dialect.quote_table(slice_)}"
            [(rows,)] = connection.execute(query).fetchall()
            connection.execute("commit")
        return Written(newer, rows)

    def read(self, slice_: Slice, columns: Sequence[str], caller: str) -> pa.Table:
        """See `Engine`."""
        return pa.concat_tables(self.read_chunks(slice_, columns, caller))

    def read_chunks(
        self, slice_: Slice, columns: Sequence[str], caller: str
    ) -> Generator[pa.Table, None, None]:
        """See `Engine`."""
        with self._open(read_only=True, caller=caller) as connection:
            stored = read_duckdb_columns(connection, slice_)
            query, values = build_query(self.dialect, slice_, columns, stored)
            read_at = datetime.now(UTC)
            reader = connection.sql(query, params=values).to_arrow_reader(_READ_ROWS)
            yield stamp_reading(reader.schema.empty_table(), read_at)
            for batch in reader:
                yield stamp_reading(pa.Table.from_batches([batch]), read_at)

    def count_by_date(self, slice_: Slice, caller: str) -> dict[date, int]:
        """See `Engine`."""
        with self._open(read_only=True, caller=caller) as connection:
            stored = read_duckdb_columns(connection, slice_)
            return dict(connection.execute(*build_count_by_date(self.dialect, slice_, stored)).fetchall())

    def _remember_reading(
        self, connection: duckdb.DuckDBPyConnection, slice_: Slice, read_at: datetime | None
    ) -> list[Reading]:
        if read_at is None or find_windows(slice_) is None:
            return []
        create_in_duckdb(connection, READINGS, READINGS_CONTRACT)

        def execute(sql: str, values: list[Value]) -> list[tuple[Any, ...]]:
            return connection.execute(sql, values).fetchall()

        return remember_reading(execute, self.dialect, slice_, read_at)

    def _remember_origin(self, connection: duckdb.DuckDBPyConnection) -> None:
        create_in_duckdb(connection, ORIGIN, ORIGIN_CONTRACT)
        rows = connection.execute(build_memory_query(self.dialect)).fetchall()
        for remember in build_memory(self.dialect, rows, self.origin):
            connection.execute(*remember)

    def _open(self, *, read_only: bool, caller: str) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return open_database(self.database, read_only=read_only, caller=caller, config=self.config)


class DuckDBWarehouseIOManager(DuckDBPandasIOManager):
    """Stores frames in a DuckDB file; configured like the library's own IO manager.

    Attributes:
        database: Path of the file.
        connection_config: DuckDB settings.
        schema_: The schema of assets that name none.
        origin: What the warehouse is made with, by setting; see `origin.py`.
    """

    origin: dict[str, str] = Field(default={})

    def create_io_manager(  # type: ignore[override] # the library returns its private base class
        self,
        context: dg.InitResourceContext,  # noqa: ARG002 - Dagster passes it
    ) -> WarehouseIOManager:
        """Build the IO manager; Dagster calls this when a run needs it."""
        engine = DuckDBEngine(Path(self.database), self.connection_config, self.origin)
        return WarehouseIOManager(engine, self.schema_)


class DuckDBWarehouse(QueriesMixin, dg.ConfigurableResource[None]):
    """Reads the warehouse by SQL, for checks, reconciliation and people.

    Attributes:
        database: Path of the DuckDB file.
    """

    database: str

    @contextmanager
    def connect(self) -> Iterator[WarehouseReader]:
        """See `WarehouseReader`."""
        with open_database(Path(self.database), read_only=True, caller="a query") as connection:
            yield OpenWarehouse(lambda sql, values: connection.sql(sql, params=values).to_arrow_table())


def read_memory(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return what a warehouse was made with, by setting, to a caller that has its file open already.

    See `origin.read_origin`.
    """
    if not read_duckdb_columns(connection, ORIGIN):
        return []
    return connection.execute(build_memory_query(DuckDBEngine.dialect)).fetchall()
