"""The statements that make, widen, check and replace a table, for an engine's names and types.

Text is built of names only, quoted; values are bound. Who runs the statements, and in what
transaction, is the engine's business.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from sales_assets.errors import RefusedError
from sales_assets.warehouse.slices import Slice, Value

_QUESTION_MARK = "\0"

Statement = tuple[str, list[Value]]
"""SQL with a `?` for each of the values."""


@dataclass(frozen=True)
class Dialect:
    """How an engine writes names and types.

    Attributes:
        fold: The case in which the engine keeps names.
        types: The types that it calls otherwise than the contract does.
    """

    fold: Callable[[str], str] = str
    types: Mapping[str, str] = field(default_factory=dict)

    def name(self, identifier: str) -> str:
        """An identifier, quoted."""
        return '"' + self.fold(identifier).replace('"', '""') + '"'

    def names(self, contract: dg.TableSchema) -> str:
        """The columns of a contract, in its order."""
        return ", ".join(self.name(column.name) for column in contract.columns)

    def expression(self, column: str) -> str:
        """A partition column: quoted, unless it is more than a name."""
        return self.name(column) if column.isidentifier() else column

    def table(self, slice_: Slice) -> str:
        """Schema and table, quoted."""
        return f"{self.name(slice_.schema)}.{self.name(slice_.table)}"

    def type(self, column: dg.TableColumn) -> str:
        """The engine's type of a contract's column, as it reports it for a stored one."""
        return self.types.get(column.type, column.type.replace(" ", ""))

    def columns(self, contract: dg.TableSchema) -> str:
        """The column definitions of a contract."""
        return ", ".join(f"{self.name(column.name)} {self.type(column)}" for column in contract.columns)


def definition(
    dialect: Dialect, slice_: Slice, contract: dg.TableSchema, stored: Mapping[str, str]
) -> list[str]:
    """The DDL that a contract still lacks: the whole table, or the columns that are new.

    Args:
        dialect: The engine's.
        slice_: Names the table.
        contract: The columns it should have.
        stored: The type of each column that it has, in the engine's words; none if there is no table.

    Raises:
        RefusedError: A stored column has another type than the contract says; nothing was changed.
    """
    if not stored:
        return [
            f"create schema if not exists {dialect.name(slice_.schema)}",
            f"create table if not exists {dialect.table(slice_)} ({dialect.columns(contract)})",
        ]
    _refuse_other_types(dialect, slice_, contract, stored)
    new = [column for column in contract.columns if dialect.fold(column.name) not in stored]
    return [
        f"alter table {dialect.table(slice_)} add column {dialect.name(column.name)} {dialect.type(column)}"
        for column in new
    ]


def predicate_of(dialect: Dialect, slice_: Slice) -> Statement:
    """Which rows of a table are the slice's; `true` for the whole table."""
    parts = [part.sql(dialect.expression(part.column)) for part in slice_.dimensions]
    return " and ".join(parts) or "true", [value for part in slice_.dimensions for value in part.values()]


def query_of(dialect: Dialect, slice_: Slice, columns: Sequence[str], stored: Mapping[str, str]) -> Statement:
    """Reads a slice.

    Args:
        dialect: The engine's.
        slice_: The rows to read.
        columns: Those to read; none means all.
        stored: The columns that the table has; none if there is no table.

    Raises:
        RefusedError: There is no table.
    """
    if not stored:
        message = f"There is no table {slice_.name} yet. Materialize the asset that writes it first."
        raise RefusedError(message)
    predicate, values = predicate_of(dialect, slice_)
    names = ", ".join(map(dialect.name, columns)) or "*"
    return f"select {names} from {dialect.table(slice_)} where {predicate}", values


def shown_query(dialect: Dialect, slice_: Slice) -> str:
    """The query that shows a slice, with its values in it: for people to copy, never executed here."""
    sql, values = predicate_of(dialect, slice_)
    for value in values:
        quoted = str(value).replace("'", "''").replace("?", _QUESTION_MARK)
        sql = sql.replace("?", f"'{quoted}'", 1)
    return f"select * from {dialect.table(slice_)} where {sql}".replace(_QUESTION_MARK, "?")


def strays(dialect: Dialect, slice_: Slice, incoming: str) -> Statement:
    """Finds an incoming row that lies outside the slice, with how many do; it would double at a rerun."""
    predicate, values = predicate_of(dialect, slice_)
    columns = ", ".join(dialect.expression(part.column) for part in slice_.dimensions) or "null"
    sql = f"select count(*) over (), {columns} from {incoming} where not coalesce({predicate}, false) limit 1"
    return sql, values


def refuse_strays(dialect: Dialect, slice_: Slice, found: tuple[object, ...] | None) -> None:
    """Refuse what `strays` found.

    Raises:
        RefusedError: A row lies outside the run's partitions; nothing was changed.
    """
    if found is None:
        return
    count, *example = found
    columns = ", ".join(part.column for part in slice_.dimensions)
    message = (
        f"{count} row(s) for {slice_.name} lie outside the run's partitions, the first with "
        f"{columns} = {', '.join(map(str, example))}; the run's are those of: "
        f"{shown_query(dialect, slice_)}. Nothing was written; stored rows are kept."
    )
    raise RefusedError(message)


def replacement(
    dialect: Dialect, slice_: Slice, contract: dg.TableSchema, incoming: str
) -> tuple[Statement, Statement]:
    """The two statements of one transaction: the slice's old rows go, the incoming ones come, by name."""
    predicate, values = predicate_of(dialect, slice_)
    table, names = dialect.table(slice_), dialect.names(contract)
    delete = (f"delete from {table} where {predicate}", values)
    insert = (f"insert into {table} ({names}) select {names} from {incoming}", list[Value]())
    return delete, insert


def _refuse_other_types(
    dialect: Dialect, slice_: Slice, contract: dg.TableSchema, stored: Mapping[str, str]
) -> None:
    for column in contract.columns:
        type_ = stored.get(dialect.fold(column.name))
        if type_ not in (None, dialect.type(column)):
            wanted = dialect.type(column)
            message = (
                f"{slice_.name}.{column.name} is stored as {type_}, but its contract says {wanted}. "
                "Nothing was written; stored rows are kept. Change the contract back, or convert the column: "
                f"alter table {slice_.name} alter column {column.name} set data type {wanted}"
            )
            raise RefusedError(message)
