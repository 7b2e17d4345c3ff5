"""The warehouse in production: Snowflake.

How Snowflake replaces and reads a slice belongs here, with the resources that use it. The code that
DuckDB shares is in `io_manager.py` and `statements.py`; types are in `snowflake_types.py`, refusals in
`snowflake_errors.py`, answers in `snowflake_answers.py`, what a write remembers in `snowflake_memory.py`.

Snowflake's DDL commits an open transaction. Therefore all DDL comes first, the upload into a staging table
of the write's own included; the transaction that replaces the rows contains none.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date, datetime
from itertools import chain
from typing import Any, cast

import dagster as dg
import pyarrow as pa
from pydantic import Field, PrivateAttr
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor

from sales_assets.private_apis.dagster_snowflake import SnowflakePandasIOManager, SnowflakeResource
from sales_assets.private_apis.interruptions import raise_interruptions
from sales_assets.private_apis.snowflake_timers import end_without_timers
from sales_assets.redaction import RedactedReprMixin
from sales_assets.transforms.frames import stamp_reading
from sales_assets.warehouse.engine import Replacement, WarehouseReader, Written
from sales_assets.warehouse.io_manager import WarehouseIOManager
from sales_assets.warehouse.reader import OpenWarehouse, QueriesMixin
from sales_assets.warehouse.readings import Reading, find_windows
from sales_assets.warehouse.row_counts import build_count_by_date
from sales_assets.warehouse.slices import Slice
from sales_assets.warehouse.snowflake_answers import fetch_in_chunks, fetch_rows, read_snowflake_clock
from sales_assets.warehouse.snowflake_errors import translate_key_errors, translate_refusals
from sales_assets.warehouse.snowflake_memory import (
    create_missing,
    prepare_origin,
    prepare_reading,
    read_stored_columns,
    remember,
)
from sales_assets.warehouse.snowflake_staging import stage_beside, stage_slice
from sales_assets.warehouse.snowflake_types import DIALECT, to_contract_type
from sales_assets.warehouse.statements import build_query

_SESSION = {"TIMEZONE": "UTC", "LOCK_TIMEOUT": 1800, "AUTOCOMMIT": True}
"""Instants are UTC; a write waits half an hour for another write to the same table."""


class SnowflakeEngine:
    """Stores tables in one Snowflake database."""

    kind = "snowflake"
    dialect = DIALECT

    def __init__(self, config: Mapping[str, Any], origin: Mapping[str, str] | None = None):
        self.config = config
        self.origin = origin or {}

    def read_stored_contract(self, slice_: Slice) -> dg.TableSchema | None:
        """See `Engine`."""
        with self.connect("columns") as connection:
            stored = read_stored_columns(connection, slice_)
        if not stored:
            return None
        columns = {name.lower(): to_contract_type(type_) for name, type_ in stored.items()}
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
        """See `Engine`. The chunks are uploaded before the transaction begins."""
        newer: list[Reading] = []
        with self.connect(caller) as connection, connection.cursor() as cursor:
            create_missing(connection, slice_, contract)
            memory = prepare_origin(connection, slice_, self.origin)
            read_at = read_at if find_windows(slice_) else None
            if read_at:
                prepare_reading(connection, slice_)
            with ExitStack() as stack:
                staged = [stage_slice(stack, connection, slice_, contract, chunks, unique=unique)]
                staged += stage_beside(stack, connection, beside)
                with _open_transaction(cursor):
                    if read_at:
                        newer = remember(cursor, slice_, read_at)
                    replacements = [part.build_replacement(newer) for part in staged]
                    for sql, values in [*memory, *chain.from_iterable(replacements)]:
                        cursor.execute(sql, values)
                    cursor.execute(f"select count(*) from {DIALECT.quote_table(slice_)}")
                    [[rows]] = cast("list[tuple[int]]", cursor.fetchall())
        return Written(newer, rows)

    def read(self, slice_: Slice, columns: Sequence[str], caller: str) -> pa.Table:
        """See `Engine`."""
        with self.connect(caller) as connection:
            query, values = build_query(DIALECT, slice_, columns, read_stored_columns(connection, slice_))
            read_at = read_snowflake_clock(connection)
            return stamp_reading(fetch_rows(connection, query, values), read_at)

    def read_chunks(
        self, slice_: Slice, columns: Sequence[str], caller: str
    ) -> Generator[pa.Table, None, None]:
        """See `Engine`."""
        with self.connect(caller) as connection:
            query, values = build_query(DIALECT, slice_, columns, read_stored_columns(connection, slice_))
            read_at = read_snowflake_clock(connection)
            for rows in fetch_in_chunks(connection, query, values):
                yield stamp_reading(rows, read_at)

    def count_by_date(self, slice_: Slice, caller: str) -> dict[date, int]:
        """See `Engine`."""
        with self.connect(caller) as connection, connection.cursor() as cursor:
            stored = read_stored_columns(connection, slice_)
            cursor.execute(*build_count_by_date(DIALECT, slice_, stored))
            return dict(cast("list[tuple[date, int]]", cursor.fetchall()))

    @contextmanager
    def connect(self, caller: str) -> Iterator[SnowflakeConnection]:
        """Open a connection, and always close it. A signal ends what is done with it.

        Args:
            caller: Identifies the caller; becomes the query tag, by which cost is attributed.

        Raises:
            RefusedError: Snowflake rejected the login, a name or a permission; no retry will fix it.
        """
        custom = self.config.get("additional_snowflake_connection_args") or {}
        session = {**_SESSION, "QUERY_TAG": caller, **custom.get("session_parameters", {})}
        arguments = {**custom, "paramstyle": "qmark", "session_parameters": session}
        config = {**self.config, "additional_snowflake_connection_args": arguments, "autocommit": True}
        end_without_timers()
        with raise_interruptions(), translate_refusals(caller), ExitStack() as stack:
            with translate_key_errors(caller):
                connection = stack.enter_context(SnowflakeResource(**config).get_connection())
            yield stack.enter_context(closing(connection))


class SnowflakeWarehouseIOManager(RedactedReprMixin, SnowflakePandasIOManager):
    """Stores frames in Snowflake; configured like the library's own IO manager.

    Attributes:
        origin: What the warehouse is made with, by setting; see `origin.py`.
    """

    origin: dict[str, str] = Field(default={})

    def create_io_manager(  # type: ignore[override] # the library returns its private base class
        self,
        context: dg.InitResourceContext,  # noqa: ARG002 - Dagster passes it
    ) -> WarehouseIOManager:
        """Build the IO manager; Dagster calls this when a run needs it."""
        ours = {"schema_", "store_timestamps_as_strings", "origin"}
        config = self.model_dump(exclude=ours, exclude_none=True)
        return WarehouseIOManager(SnowflakeEngine(config, self.origin), self.schema_)


class SnowflakeWarehouse(QueriesMixin, RedactedReprMixin, SnowflakeResource):
    """Reads the warehouse by SQL, for checks, reconciliation and people."""

    _caller: str = PrivateAttr("a query")

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Tag queries with the run; Dagster calls this when a run needs the resource."""
        if context.run is not None:
            self._caller = f"run {context.run.run_id}, warehouse"

    @contextmanager
    def connect(self) -> Iterator[WarehouseReader]:
        """See `WarehouseReader`."""
        config = self.model_dump(exclude_none=True, by_alias=True)
        with SnowflakeEngine(config).connect(self._caller) as connection:
            yield OpenWarehouse(lambda sql, values: fetch_rows(connection, sql, values))


@contextmanager
def _open_transaction(cursor: SnowflakeCursor) -> Iterator[None]:
    cursor.execute("begin")
    try:
        yield
    except BaseException:
        cursor.execute("rollback")
        raise
    cursor.execute("commit")
