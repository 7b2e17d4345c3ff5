"""Publishes days of gold to an Iceberg table: write to a branch, audit it against gold, then move main.

A run that is killed or fails leaves main as it was. Nothing here knows Dagster's runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.transforms.day_ranges import format_day_ranges, group_days
from sales_assets.warehouse.lake.audit_branch import (
    AuditBranch,
    LostRaceError,
    open_audit,
    read_branch_rows,
    select_days,
)
from sales_assets.warehouse.lake.compare_days import (
    describe_difference,
    find_changed_days,
    find_repeated_key,
)
from sales_assets.warehouse.lake.gold_days import GoldDays
from sales_assets.warehouse.lake.lake_tables import LakeTable

if TYPE_CHECKING:
    from pyiceberg.table import Table

ROWS_AT_ONCE = 500_000
"""How many rows are in memory at a time, unless a single day has more."""

DAYS_NOTE = "sales.days"
"""In a snapshot's summary: the business days whose rows it replaced."""

_ATTEMPTS = 20
_AUDITS = 2


class AuditFailedError(UnavailableError):
    """What was written is not what gold has; main is unchanged."""


@dataclass
class Published:
    """What a publication did.

    Attributes:
        snapshot_id: Main's snapshot afterwards.
        counts: The rows of each day that was compared.
        changed: The days whose rows were replaced; the others were the same already.
        attempts: How often it was tried, because other writers were quicker.
    """

    snapshot_id: int
    counts: dict[date, int] = field(default_factory=dict)
    changed: list[date] = field(default_factory=list)
    attempts: int = 1


def publish_days(
    open_table: Callable[[], "Table"],
    table: LakeTable,
    gold: GoldDays,
    days: Sequence[date],
    notes: Mapping[str, str],
    *,
    rows_at_once: int = ROWS_AT_ONCE,
) -> Published:
    """Publish days; a race that is lost is run again on the table as it is then, from gold as it is then.

    Args:
        open_table: Loads the table anew.
        table: The mart.
        gold: Its rows in the warehouse.
        days: The days; of a mart that is rebuilt as a whole, any other day is compared as well.
        notes: What the snapshots' summaries say, such as the run.
        rows_at_once: See `ROWS_AT_ONCE`.

    Raises:
        RefusedError: Gold has a key twice, or a value that does not fit.
        UnavailableError: The audit found a difference, or other writers were always quicker.
    """
    from pyiceberg.exceptions import CommitFailedException  # noqa: PLC0415 - an extra

    audits = 0
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with open_audit(open_table()) as branch:
                published = _Publication(branch, table, gold, notes, rows_at_once).run(days)
        except (LostRaceError, CommitFailedException):
            continue
        except AuditFailedError:
            audits += 1
            if audits == _AUDITS:
                raise
            continue  # gold may have been built meanwhile
        published.attempts = attempt
        return published
    message = (
        f"{table.identifier} was not published: {_ATTEMPTS} times another run was quicker. Its main is "
        "unchanged. Let the other runs end, then run again."
    )
    raise UnavailableError(message)


class _Publication:
    """One attempt: what is on the branch, and what gold should agree with."""

    def __init__(
        self,
        branch: AuditBranch,
        table: LakeTable,
        gold: GoldDays,
        notes: Mapping[str, str],
        rows_at_once: int,
    ):
        self._branch = branch
        self._table = table
        self._gold = gold
        self._notes = notes
        self._rows_at_once = rows_at_once
        self._expected = branch.table.scan(snapshot_id=branch.base).count()

    def run(self, days: Sequence[date]) -> Published:
        """Write the days that changed, audit them, move main."""
        counts = self._count(days)
        groups = group_days(counts, self._rows_at_once)
        changed = [day for group in groups for day in self._write_changed(group)]
        published = Published(self._branch.head, counts, changed)
        if changed:
            self._audit({day: counts[day] for day in changed})
            self._branch.move_main()
        return published

    def _count(self, days: Sequence[date]) -> dict[date, int]:
        counts = self._gold.count(None if self._table.is_whole else days)
        if self._table.is_whole:
            schema = pa.schema([self._gold.schema.field(self._table.day)])
            stored = self._branch.table.scan(
                selected_fields=(self._table.day,), snapshot_id=self._branch.base
            ).to_arrow()
            days = [*days, *stored.cast(schema)[self._table.day].unique().to_pylist()]
        return {**dict.fromkeys(days, 0), **counts}

    def _write_changed(self, days: Sequence[date]) -> list[date]:
        rows = self._gold.read(days)
        if repeated := find_repeated_key(rows, self._table.key):
            raise self._refuse_repeated(repeated, days)
        where = select_days(self._table.day, days)
        stored = read_branch_rows(self._branch.table, self._branch.base, where, self._gold.schema)
        changed = find_changed_days(rows, stored, self._table.day, self._table.key)
        if changed:
            new, old = (self._keep(part, changed) for part in (rows, stored))
            order = dict.fromkeys((self._table.day, *self._table.key))
            self._branch.replace(
                select_days(self._table.day, changed),
                new.sort_by([(name, "ascending") for name in order]),
                {**self._notes, DAYS_NOTE: format_day_ranges(changed)},
                has_old=bool(len(old)),
            )
            self._expected += len(new) - len(old)
        return changed

    def _keep(self, rows: pa.Table, days: Sequence[date]) -> pa.Table:
        wanted = pa.array(days, pa.date32())
        return rows.filter(pc.is_in(rows[self._table.day], wanted))

    def _audit(self, counts: dict[date, int]) -> None:
        """Compare the branch with gold, which is read again, and its other days by their number of rows."""
        names = list(dict.fromkeys((self._table.day, *self._table.key, *self._table.amounts)))
        schema = pa.schema([self._gold.schema.field(name) for name in names])
        for group in group_days(counts, self._rows_at_once):
            wanted = self._gold.read(group, names)
            where = select_days(self._table.day, group)
            found = read_branch_rows(self._branch.table, self._branch.head, where, schema)
            difference = describe_difference(
                wanted, found, self._table.day, self._table.key, self._table.amounts
            )
            if difference:
                raise self._fail(difference)
        rows = self._branch.table.scan(snapshot_id=self._branch.head).count()
        if rows != self._expected:
            raise self._fail(f"the table has {rows} rows and not {self._expected}")

    def _refuse_repeated(self, key: str, days: Sequence[date]) -> RefusedError:
        return RefusedError(
            f"gold.{self._table.name} has {key} more than once in {format_day_ranges(days)}. "
            f"{self._table.identifier} is unchanged. Correct gold, then publish the days again."
        )

    def _fail(self, difference: str) -> AuditFailedError:
        return AuditFailedError(
            f"The audit of {self._table.identifier} failed: {difference}. Its main is unchanged. If gold is "
            "being built, publish the days after it; otherwise compare the day by hand, see docs/lake.md."
        )
