"""The protocols of the warehouse: of an engine, for the IO manager, and of the resource `warehouse`."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.warehouse.readings import Reading
from sales_assets.warehouse.slices import Slice
from sales_assets.warehouse.statements import Dialect


@dataclass(frozen=True)
class Replacement:
    """A slice of a table, and the rows that replace it.

    Attributes:
        slice_: The rows to delete.
        contract: The table's columns.
        rows: The rows to store; with None, only old ones are deleted, if the table exists.
    """

    slice_: Slice
    contract: dg.TableSchema
    rows: pa.Table | None


@dataclass(frozen=True)
class Written:
    """What a write came to.

    Attributes:
        newer: The days that were read later than the write's rows and stay as they are; see `readings.py`.
        table_rows: How many rows the whole table has now.
    """

    newer: Sequence[Reading]
    table_rows: int


class Engine(Protocol):
    """A database that stores tables.

    `caller` identifies the run and asset, or the command, that a write or a read belongs to: in messages
    to others that wait, and in Snowflake's query tag.
    """

    kind: str
    """The engine's name, as the UI shows it."""

    dialect: Dialect
    """How it spells names and types."""

    origin: Mapping[str, str]
    """What the warehouse is made with, by setting; see `origin.py`."""

    def read_stored_contract(self, slice_: Slice) -> dg.TableSchema | None:
        """Return the columns that a table has now, or None if it does not exist."""

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
        """Replace a slice by rows, in one transaction; creates or widens the table as needed.

        Chunks are taken one at a time, so a generator may make them meanwhile. If it raises, nothing is
        replaced.

        Args:
            slice_: The rows to replace.
            contract: The table's columns.
            chunks: The new rows.
            caller: See `Engine`.
            read_at: When the rows were read from their source; None if that is not known.
            beside: What is replaced in the same transaction, for the same days.
            unique: The columns in which the rows may not repeat a value.

        Raises:
            RefusedError: Some rows do not belong to the slice, or repeat a value.
        """

    def read(self, slice_: Slice, columns: Sequence[str], caller: str) -> pa.Table:
        """Return the rows of a slice, and when they were read; without columns, all columns."""

    def read_chunks(
        self, slice_: Slice, columns: Sequence[str], caller: str
    ) -> Generator[pa.Table, None, None]:
        """Yield what `read` returns in chunks, at least one; the warehouse stays open until it is closed."""

    def count_by_date(self, slice_: Slice, caller: str) -> dict[date, int]:
        """Count the rows of a slice of days by the UTC date of its partition column."""


class WarehouseReader(Protocol):
    """The resource `warehouse`, on any engine."""

    def query(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Return the rows of one read-only query, which has a `?` for each parameter."""

    def connect(self) -> AbstractContextManager["WarehouseReader"]:
        """Connect once for several queries; on DuckDB, writers wait until they are done."""
