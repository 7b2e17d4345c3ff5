"""Which rows of a table a run replaces or reads: its table, and the predicate on its partitions.

The same predicate deletes the old rows, checks the new ones and reads them back, so the three cannot
disagree. Values are bound; the only text that is built is that of names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast

import dagster as dg

from sales_assets.warehouse.tables import Table

Value = datetime | date | str


@dataclass(frozen=True)
class Windows:
    """Rows whose column lies in one of the half-open windows.

    Attributes:
        column: The partition column, or an expression.
        type_: Its type; a DATE is compared with days, anything else with instants in UTC.
        windows: Start and end of each window, in order and not touching.
    """

    column: str
    type_: str
    windows: tuple[tuple[Value, Value], ...]

    @classmethod
    def of_keys(
        cls, column: str, type_: str, partitions: dg.TimeWindowPartitionsDefinition, keys: Sequence[str]
    ) -> "Windows":
        """The windows of partition keys, those that touch made one."""
        merged: list[list[datetime]] = []
        for start, end in sorted(partitions.time_window_for_partition_key(key) for key in set(keys)):
            if merged and merged[-1][1] == start:
                merged[-1][1] = end
            else:
                merged.append([start, end])
        return cls(column, type_, tuple((_bound(start, type_), _bound(end, type_)) for start, end in merged))

    def start_of(self, key: str, partitions: dg.PartitionsDefinition[str]) -> Value:
        """Where the window of one of the keys starts."""
        window = cast("dg.TimeWindowPartitionsDefinition", partitions).time_window_for_partition_key(key)
        return _bound(window.start, self.type_)

    def sql(self, column: str) -> str:
        """The predicate on a column as the engine writes it, with a placeholder for each value."""
        return "(" + " or ".join(f"({column} >= ? and {column} < ?)" for _ in self.windows) + ")"

    def values(self) -> list[Value]:
        """The values of the placeholders."""
        return [value for window in self.windows for value in window]


@dataclass(frozen=True)
class Keys:
    """Rows whose column is one of the partition keys, compared as text."""

    column: str
    keys: tuple[str, ...]

    def sql(self, column: str) -> str:
        """The predicate on a column as the engine writes it, with a placeholder for each value."""
        return f"cast({column} as varchar) in ({', '.join('?' * len(self.keys))})"

    def values(self) -> list[Value]:
        """The values of the placeholders."""
        return list(self.keys)


@dataclass(frozen=True)
class Slice:
    """The rows of a table that belong to a run.

    Attributes:
        schema: The table's schema.
        table: The table's name.
        dimensions: What a row has to satisfy, all of them; none means the whole table.
    """

    schema: str
    table: str
    dimensions: tuple[Windows | Keys, ...] = ()

    @property
    def name(self) -> str:
        """Schema and table, for messages and metadata."""
        return f"{self.schema}.{self.table}"


def slice_of(
    context: dg.OutputContext | dg.InputContext,
    table: Table,
    contract: dg.TableSchema,
    keys: Sequence[str] | None = None,
) -> Slice:
    """The slice that partitions are in a table.

    Args:
        context: Of an output, or of the input that reads it.
        table: Name and partition columns; see `tables.table_of`.
        contract: The table's columns, for the type of a partition column.
        keys: Some of the context's partitions; all of them unless told.
    """
    if not context.has_asset_partitions:
        return Slice(table.schema, table.name)
    types = {column.name.lower(): column.type for column in contract.columns}
    parts = split_dimensions(
        context.asset_partitions_def, context.asset_partition_keys if keys is None else keys
    )
    dimensions = tuple(
        _dimension(column, types.get(column.lower(), "TIMESTAMP"), definition, part_keys)
        for column, (definition, part_keys) in zip(table.partition_columns, parts, strict=True)
    )
    return Slice(table.schema, table.name, dimensions)


def split_dimensions(
    definition: dg.PartitionsDefinition[str], keys: Sequence[str]
) -> list[tuple[dg.PartitionsDefinition[str], list[str]]]:
    """The one dimension of a partitions definition, or the several of a multi-partitions one."""
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        return [(definition, list(keys))]
    multi = [cast("dg.MultiPartitionKey", key).keys_by_dimension for key in keys]
    return [
        (part.partitions_def, list(dict.fromkeys(key[part.name] for key in multi)))
        for part in definition.partitions_defs
    ]


def _dimension(
    column: str, type_: str, partitions: dg.PartitionsDefinition[str], keys: Sequence[str]
) -> Windows | Keys:
    if isinstance(partitions, dg.TimeWindowPartitionsDefinition) and type_ != "VARCHAR":
        return Windows.of_keys(column, type_, partitions, keys)
    return Keys(column, tuple(keys))


def _bound(instant: datetime, type_: str) -> Value:
    return instant.date() if type_ == "DATE" else instant.astimezone(UTC).replace(tzinfo=None)
