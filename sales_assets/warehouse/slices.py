"""Selects the rows that a run replaces or reads: a table, and the predicate for the run's partitions.

One predicate deletes the old rows, checks the new ones and reads them back, so the three cannot
disagree. Values are bound; only names become part of the SQL text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import cast

import dagster as dg
import pandas as pd

from sales_assets.errors import RefusedError
from sales_assets.warehouse.tables import Table

Value = datetime | date | str


@dataclass(frozen=True)
class Windows:
    """Rows whose column lies in one of the half-open windows.

    Attributes:
        column: The partition column, or an expression.
        type_: Its type; a DATE is compared with days, anything else with instants in UTC.
        windows: Start and end of each window, sorted and not adjacent.
    """

    column: str
    type_: str
    windows: tuple[tuple[Value, Value], ...]

    @classmethod
    def of_keys(
        cls, column: str, type_: str, partitions: dg.TimeWindowPartitionsDefinition, keys: Sequence[str]
    ) -> "Windows":
        """The windows of partition keys; adjacent windows are merged."""
        merged: list[list[datetime]] = []
        for start, end in sorted(partitions.time_window_for_partition_key(key) for key in set(keys)):
            if merged and merged[-1][1] == start:
                merged[-1][1] = end
            else:
                merged.append([start, end])
        windows = tuple((_to_bound(start, type_), _to_bound(end, type_)) for start, end in merged)
        return cls(column, type_, windows)

    def find_start(self, key: str, partitions: dg.PartitionsDefinition[str]) -> Value:
        """Return where the window of a partition key starts."""
        window = cast("dg.TimeWindowPartitionsDefinition", partitions).time_window_for_partition_key(key)
        return _to_bound(window.start, self.type_)

    def to_sql(self, column: str) -> str:
        """Write the predicate for a column in the engine's spelling, with a `?` for each value."""
        return f"({' or '.join(f'({column} >= ? and {column} < ?)' for _ in self.windows) or 'false'})"

    @property
    def values(self) -> list[Value]:
        """The values of the placeholders."""
        return [value for window in self.windows for value in window]


@dataclass(frozen=True)
class Keys:
    """Rows whose column equals one of the partition keys, compared as text."""

    column: str
    keys: tuple[str, ...]

    def to_sql(self, column: str) -> str:
        """Write the predicate for a column in the engine's spelling, with a `?` for each value."""
        return f"cast({column} as varchar) in ({', '.join('?' * len(self.keys))})"

    @property
    def values(self) -> list[Value]:
        """The values of the placeholders."""
        return list(self.keys)


@dataclass(frozen=True)
class Slice:
    """The rows of a table that belong to a run.

    Attributes:
        schema: The table's schema.
        table: The table's name.
        dimensions: The conditions that a row has to satisfy, all of them; empty for the whole table.
    """

    schema: str
    table: str
    dimensions: tuple[Windows | Keys, ...] = ()

    @property
    def name(self) -> str:
        """Schema and table, for messages and metadata."""
        return f"{self.schema}.{self.table}"

    def narrow(self, definition: dg.PartitionsDefinition[str], *keys: str) -> "Slice":
        """Return the part of the slice that belongs to some of its partitions."""
        dimensions = tuple(
            _build_dimension(part.column, part.type_ if isinstance(part, Windows) else "VARCHAR", *split)
            for part, split in zip(self.dimensions, split_dimensions(definition, keys), strict=True)
        )
        return replace(self, dimensions=dimensions)


def resolve_slice(
    context: dg.OutputContext | dg.InputContext, table: Table, contract: dg.TableSchema
) -> Slice:
    """Return the slice of a table that the context's partitions select.

    Args:
        context: The context of an output, or of the input that reads it.
        table: Name and partition columns; see `tables.resolve_table`.
        contract: The table's columns, for the type of a partition column.
    """
    if not context.has_asset_partitions:
        return Slice(table.schema, table.name)
    types = {column.name.lower(): column.type for column in contract.columns}
    parts = split_dimensions(context.asset_partitions_def, context.asset_partition_keys)
    dimensions = tuple(
        _build_dimension(column, types.get(column.lower(), "TIMESTAMP"), definition, keys)
        for column, (definition, keys) in zip(table.partition_columns, parts, strict=True)
    )
    return Slice(table.schema, table.name, dimensions)


def narrow_to_values(slice_: Slice, column: str, rows: pd.DataFrame) -> Slice:
    """Return the rows of a table that have one of the values that new rows have in a column.

    Raises:
        RefusedError: There are no new rows.
    """
    values = tuple(sorted(rows[column].astype(str).unique()))
    if not values:
        message = (
            f"There are no rows for {slice_.name}, so it is not known which to replace. No stored data was "
            f"changed. Return rows with a value in {column}."
        )
        raise RefusedError(message)
    return replace(slice_, dimensions=(*slice_.dimensions, Keys(column, values)))


def split_dimensions(
    definition: dg.PartitionsDefinition[str], keys: Sequence[str]
) -> list[tuple[dg.PartitionsDefinition[str], list[str]]]:
    """Return each dimension of a partitions definition with its keys; one unless it is multi-partitions."""
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        return [(definition, list(keys))]
    multi = [cast("dg.MultiPartitionKey", key).keys_by_dimension for key in keys]
    return [
        (part.partitions_def, list(dict.fromkeys(key[part.name] for key in multi)))
        for part in definition.partitions_defs
    ]


def _build_dimension(
    column: str, type_: str, partitions: dg.PartitionsDefinition[str], keys: Sequence[str]
) -> Windows | Keys:
    if isinstance(partitions, dg.TimeWindowPartitionsDefinition) and type_ != "VARCHAR":
        return Windows.of_keys(column, type_, partitions, keys)
    return Keys(column, tuple(keys))


def _to_bound(instant: datetime, type_: str) -> Value:
    return instant.date() if type_ == "DATE" else instant.astimezone(UTC).replace(tzinfo=None)
