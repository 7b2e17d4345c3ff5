"""Reads the days of a mart from the warehouse, exactly: decimals stay decimals.

What is done with the rows belongs to `publish.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import dagster as dg
import pyarrow as pa

from sales_assets.errors import RefusedError
from sales_assets.transforms.day_ranges import merge_days
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.lake.lake_schema import build_arrow_schema
from sales_assets.warehouse.lake.lake_tables import LakeTable
from sales_assets.warehouse.slices import Slice, Windows

_SCHEMA = "gold"


class GoldDays:
    """The rows of a mart by day.

    Args:
        engine: The warehouse's.
        table: The mart.
        contract: Its columns.
        caller: Identifies the run to others that wait for the warehouse.
    """

    def __init__(self, engine: Engine, table: LakeTable, contract: dg.TableSchema, caller: str):
        self._engine = engine
        self._table = table
        self._caller = caller
        self.schema = build_arrow_schema(table, contract)

    def count(self, days: Iterable[date] | None) -> dict[date, int]:
        """Count the rows of each day that has any; of all days with None."""
        found = self._fetch(days, [self._table.day]).column(self._table.day).value_counts().to_pylist()
        return {entry["values"]: entry["counts"] for entry in found}

    def read(self, days: Iterable[date], columns: Sequence[str] = ()) -> pa.Table:
        """Read rows in the contract's types, all columns unless some are named.

        Raises:
            RefusedError: A value does not fit, or a key is null.
        """
        names = list(columns) or self.schema.names
        rows = self._fetch(days, names).select(names)
        wanted = pa.schema([self.schema.field(name) for name in names])
        try:
            rows = rows.cast(pa.schema([field.with_nullable(True) for field in wanted]))
            if nulls := [
                field.name for field in wanted if not field.nullable and rows[field.name].null_count
            ]:
                raise self._refuse(f"has rows without {', '.join(nulls)}")
            return rows.cast(wanted)
        except pa.ArrowInvalid:
            raise self._refuse("has a value that does not fit the type of its contract") from None

    def _fetch(self, days: Iterable[date] | None, columns: Sequence[str]) -> pa.Table:
        dimensions = () if days is None else (Windows(self._table.day, "DATE", tuple(merge_days(days))),)
        return self._engine.read(Slice(_SCHEMA, self._table.name, dimensions), columns, self._caller)

    def _refuse(self, reason: str) -> RefusedError:
        return RefusedError(
            f"{_SCHEMA}.{self._table.name} {reason}. No stored data was changed. Correct gold, then publish "
            "the days again."
        )
