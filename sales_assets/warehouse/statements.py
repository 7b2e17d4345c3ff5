"""Builds the SQL that creates, widens, checks, replaces and reads a table, in an engine's names and types.

Only quoted names become part of the SQL text; values are bound. The engine decides on which connection
and in which transaction a statement is executed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from sales_assets.errors import RefusedError
from sales_assets.redaction import cut_text
from sales_assets.warehouse.slices import Slice, Value

Statement = tuple[str, list[Value]]
"""SQL with a `?` for each of the values."""


@dataclass(frozen=True)
class Dialect:
    """How an engine spells names and types.

    Attributes:
        fold: Converts a name to the case in which the engine stores it.
        types: The engine's name of each type that it names differently from the contract.
    """

    fold: Callable[[str], str] = str
    types: Mapping[str, str] = field(default_factory=dict)

    def quote(self, identifier: str) -> str:
        """Quote an identifier."""
        return '"' + self.fold(identifier).replace('"', '""') + '"'

    def quote_columns(self, contract: dg.TableSchema) -> str:
        """List the columns of a contract, quoted, in its order."""
        return ", ".join(self.quote(column.name) for column in contract.columns)

    def quote_expression(self, column: str) -> str:
        """Quote a partition column, unless it is an expression."""
        return self.quote(column) if column.isidentifier() else column

    def quote_table(self, slice_: Slice) -> str:
        """Quote schema and table."""
        return f"{self.quote(slice_.schema)}.{self.quote(slice_.table)}"

    def to_engine_type(self, column: dg.TableColumn) -> str:
        """Return the engine's type of a contract's column, spelled as the engine reports stored ones."""
        return self.types.get(column.type, column.type.replace(" ", ""))

    def define_columns(self, contract: dg.TableSchema) -> str:
        """Write the column definitions of a contract."""
        return ", ".join(
            f"{self.quote(column.name)} {self.to_engine_type(column)}" for column in contract.columns
        )


def build_missing_ddl(
    dialect: Dialect, slice_: Slice, contract: dg.TableSchema, stored: Mapping[str, str]
) -> list[str]:
    """Build the DDL for what a contract has and the table lacks: the whole table, or new columns.

    Their descriptions become comments. Those of columns that the table has are left as they are.

    Args:
        dialect: The engine's.
        slice_: Names the table.
        contract: The columns that the table should have.
        stored: The engine's type of each column that the table has; empty if it does not exist.

    Raises:
        RefusedError: A stored column has another type than in the contract.
    """
    table = dialect.quote_table(slice_)
    if not stored:
        return [
            f"create schema if not exists {dialect.quote(slice_.schema)}",
            f"create table if not exists {table} ({dialect.define_columns(contract)})",
            *_build_comments(dialect, table, contract.columns),
        ]
    _refuse_changed_types(dialect, slice_, contract, stored)
    new = [column for column in contract.columns if dialect.fold(column.name) not in stored]
    return [
        *(
            f"alter table {table} add column {dialect.quote(column.name)} {dialect.to_engine_type(column)}"
            for column in new
        ),
        *_build_comments(dialect, table, new),
    ]


def build_predicate(dialect: Dialect, slice_: Slice) -> Statement:
    """Build the condition that selects the slice's rows; `true` for the whole table."""
    parts = [part.to_sql(dialect.quote_expression(part.column)) for part in slice_.dimensions]
    return " and ".join(parts) or "true", [value for part in slice_.dimensions for value in part.values]


def build_query(
    dialect: Dialect, slice_: Slice, columns: Sequence[str], stored: Mapping[str, str]
) -> Statement:
    """Build the query that reads a slice.

    Args:
        dialect: The engine's.
        slice_: The rows to read.
        columns: The columns to read; empty for all.
        stored: The columns that the table has; empty if it does not exist.

    Raises:
        RefusedError: The table does not exist.
    """
    if not stored:
        message = (
            f"The table {slice_.name} does not exist yet. No stored data was changed. "
            "Materialize the asset that writes it first."
        )
        raise RefusedError(message)
    predicate, values = build_predicate(dialect, slice_)
    names = ", ".join(map(dialect.quote, columns)) or "*"
    return f"select {names} from {dialect.quote_table(slice_)} where {predicate}", values


def format_query(dialect: Dialect, slice_: Slice) -> str:
    """Write the query that shows a slice, with its values in it: for people to copy, never executed here."""
    predicate, values = build_predicate(dialect, slice_)
    literals = ["'" + str(value).replace("'", "''") + "'" for value in values]
    text, *rest = predicate.split("?")
    text += "".join(literal + following for literal, following in zip(literals, rest, strict=True))
    return f"select * from {dialect.quote_table(slice_)} where {text}"


def build_out_of_range_query(dialect: Dialect, slice_: Slice, incoming: str) -> Statement:
    """Build the query for one incoming row outside the slice, and the number of all such rows.

    A rerun would not delete such a row, so it would be stored twice.
    """
    predicate, values = build_predicate(dialect, slice_)
    columns = ", ".join(dialect.quote_expression(part.column) for part in slice_.dimensions) or "null"
    sql = f"select count(*) over (), {columns} from {incoming} where not coalesce({predicate}, false) limit 1"
    return sql, values


def refuse_out_of_range_rows(dialect: Dialect, slice_: Slice, outside: tuple[object, ...] | None) -> None:
    """Refuse rows outside the run's partitions.

    Args:
        dialect: The engine's.
        slice_: The run's partitions.
        outside: The result of `build_out_of_range_query`: number of rows and partition columns of the first.

    Raises:
        RefusedError: There is such a row.
    """
    if outside is None:
        return
    count, *example = outside
    columns = ", ".join(part.column for part in slice_.dimensions)
    shown = ", ".join(cut_text(str(value)) for value in example)
    message = (
        f"{count} row(s) for {slice_.name} lie outside the run's partitions, the first with "
        f"{columns} = {shown}. No stored data was changed. Return only rows of the "
        f"run's partitions: {format_query(dialect, slice_)}"
    )
    raise RefusedError(message)


def build_replacement(
    dialect: Dialect, slice_: Slice, contract: dg.TableSchema, incoming: str, *, only: bool = False
) -> tuple[Statement, Statement]:
    """Build what deletes the slice's old rows and inserts the incoming; with `only`, those in the slice."""
    predicate, values = build_predicate(dialect, slice_)
    table, names = dialect.quote_table(slice_), dialect.quote_columns(contract)
    delete = (f"delete from {table} where {predicate}", values)
    insert = f"insert into {table} ({names}) select {names} from {incoming}"
    return delete, (f"{insert} where {predicate}", values) if only else (insert, [])


def _build_comments(dialect: Dialect, table: str, columns: Sequence[dg.TableColumn]) -> list[str]:
    """Build the statements that store the descriptions of columns; literals, for DDL binds no values."""
    return [
        f"comment on column {table}.{dialect.quote(column.name)} is '{text}'"
        for column in columns
        if (text := (column.description or "").replace("'", "''"))
    ]


def _refuse_changed_types(
    dialect: Dialect, slice_: Slice, contract: dg.TableSchema, stored: Mapping[str, str]
) -> None:
    for column in contract.columns:
        type_, wanted = stored.get(dialect.fold(column.name)), dialect.to_engine_type(column)
        if type_ not in (None, wanted):
            message = (
                f"{slice_.name}.{column.name} is stored as {type_}, but its contract says {wanted}. "
                "No stored data was changed. Change the contract back, or convert the column: "
                f"alter table {slice_.name} alter column {column.name} set data type {wanted}"
            )
            raise RefusedError(message)
