"""A branch of an Iceberg table that becomes its main, whole, or leaves no trace for readers.

Readers see main alone. What is written to the branch, and what it is compared with, belongs to the callers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pyarrow as pa

from sales_assets.errors import UnavailableError
from sales_assets.transforms.day_ranges import merge_days

if TYPE_CHECKING:
    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.table import Table

AUDIT_PREFIX = "audit_"
"""How the names of all audit branches begin; the time of the cut follows, in seconds since 1970."""

MAIN = "main"
_COMMITS = 20
_OUTNUMBERED = "Cannot add snapshot with sequence number"


class LostRaceError(UnavailableError):
    """Another writer moved main meanwhile: what was written is not based on it, and main is unchanged."""


class AuditBranch:
    """Writes to a branch that is cut from main at the first write; see `open_audit`.

    Attributes:
        table: The table, as the branch sees it.
        base: The snapshot of main from which the branch is cut.
    """

    def __init__(self, table: "Table"):
        self.table = table
        self.base = table.metadata.refs[MAIN].snapshot_id
        self.name = f"{AUDIT_PREFIX}{int(datetime.now(UTC).timestamp())}_{uuid4().hex[:12]}"

    @property
    def is_cut(self) -> bool:
        """Whether anything was written."""
        return self.name in self.table.metadata.refs

    @property
    def head(self) -> int:
        """The latest snapshot of the branch; main's before the first write."""
        return self.table.metadata.refs[self.name].snapshot_id if self.is_cut else self.base

    def replace(
        self, where: "BooleanExpression", rows: pa.Table, notes: Mapping[str, str], *, has_old: bool
    ) -> None:
        """Replace rows on the branch, in one commit.

        Args:
            where: Selects the old rows.
            rows: The new rows; may be empty.
            notes: What the snapshot's summary says.
            has_old: Whether there are old rows.
        """
        if not self.is_cut:
            self._commit(lambda table: table.manage_snapshots().create_branch(self.base, self.name).commit())
        options: dict[str, Any] = {"snapshot_properties": dict(notes), "branch": self.name}
        if not has_old:
            self._commit(lambda table: table.append(rows, **options))
        elif len(rows):
            self._commit(lambda table: table.overwrite(rows, where, **options))
        else:
            self._commit(lambda table: table.delete(where, **options))

    def move_main(self) -> None:
        """Make the branch main, and remove its name, in one commit.

        The commit requires that main is what the branch was cut from; the catalog checks it.

        Raises:
            LostRaceError: Main moved meanwhile.
        """
        self._commit(
            lambda table: (
                table.manage_snapshots()
                .set_current_snapshot(ref_name=self.name)
                .remove_branch(self.name)
                .commit()
            )
        )

    def _commit(self, change: Callable[["Table"], None]) -> None:
        """Commit a change, again if the commit of another branch came between; main must be the base."""
        from pyiceberg.exceptions import CommitFailedException  # noqa: PLC0415 - an extra

        for _ in range(_COMMITS):
            if self.table.metadata.refs[MAIN].snapshot_id != self.base:
                break
            try:
                return change(self.table)
            except CommitFailedException:
                self.table.refresh()
            except ValueError as error:  # pyiceberg takes another branch's commit for a wrong number
                if _OUTNUMBERED not in str(error):
                    raise
                self.table.refresh()
        message = f"{'.'.join(self.table.name())} was published by another run meanwhile."
        raise LostRaceError(message)

    def drop(self) -> None:
        """Remove the branch if it is still there; its files are left to the maintenance."""
        for _ in range(_COMMITS):
            with suppress(Exception):  # the error that led here matters more
                self.table.refresh()
                if self.is_cut:
                    self.table.manage_snapshots().remove_branch(self.name).commit()
                return


@contextmanager
def open_audit(table: "Table") -> Iterator[AuditBranch]:
    """Open a branch for writes; whatever of it has not become main is dropped at the end.

    Args:
        table: As it was loaded before its source was read: so rows that were read earlier never replace
            rows that another run read and published later.
    """
    branch = AuditBranch(table)
    try:
        yield branch
    finally:
        branch.drop()


def read_cut_time(name: str) -> datetime:
    """Read from an audit branch's name when it was cut."""
    return datetime.fromtimestamp(int(name.split("_")[1]), UTC)


def read_branch_rows(
    table: "Table", snapshot_id: int, where: "BooleanExpression", schema: pa.Schema
) -> pa.Table:
    """Read rows of a snapshot, with the columns and types of a schema; a column that it lacks is null."""
    scan = table.scan(row_filter=where, snapshot_id=snapshot_id)
    known = scan.projection().column_names
    names = tuple(name for name in schema.names if name in known)
    rows = scan.select(*names).to_arrow()
    columns = [
        rows[field.name].cast(field.type) if field.name in names else pa.nulls(len(rows), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def select_days(column: str, days: Iterable[date]) -> "BooleanExpression":
    """Select the rows of some days; by ranges, because pyiceberg binds a set of days anew for each file."""
    from pyiceberg import expressions  # noqa: PLC0415 - an extra

    of: Any = expressions  # its types do not admit what its documentation shows
    ranges = [
        of.And(of.GreaterThanOrEqual(column, start), of.LessThan(column, after))
        for start, after in merge_days(days)
    ]
    return cast("BooleanExpression", of.Or(of.AlwaysFalse(), *ranges))
