"""Compacts small files: the rows of a folder go into one file, by the same audit as a publication.

Which snapshots and files are removed afterwards belongs to `upkeep.py`.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from sales_assets.warehouse.lake.audit_branch import (
    AuditBranch,
    LostRaceError,
    open_audit,
    read_branch_rows,
    select_days,
)
from sales_assets.warehouse.lake.lake_tables import LakeTable
from sales_assets.warehouse.lake.publish import AuditFailedError

if TYPE_CHECKING:
    from pyiceberg.table import Table

SMALL_BYTES = 32 * 1024 * 1024
"""A file below is small; a reader's request costs more than what it reads."""

_NOTES = {"sales.maintenance": "compaction"}


@dataclass(frozen=True)
class Compacted:
    """What a compaction won.

    Attributes:
        files_before: The number of files that were read.
        files_after: The number of files that replaced them.
    """

    files_before: int = 0
    files_after: int = 0


def compact_files(open_table: Callable[[], "Table"], table: LakeTable) -> Compacted:
    """Replace each folder's small files by one; nothing if another run publishes meanwhile.

    Args:
        open_table: Loads the table anew.
        table: Its layout: folders are days, or there is only one.

    Raises:
        AuditFailedError: The new files do not have the rows of the old ones; main is unchanged.
    """
    try:
        with open_audit(open_table()) as branch:
            folders = _find_fragmented(branch.table, table)
            for days in folders:
                _rewrite(branch, table, days)
            if branch.is_cut:
                branch.move_main()
        return Compacted(sum(folders.values()), len(folders))
    except LostRaceError:
        return Compacted()


def _find_fragmented(opened: "Table", table: LakeTable) -> dict[tuple[date, ...], int]:
    """Find the folders with several small files: their days (none for the whole table), and the number."""
    sizes: defaultdict[tuple[date, ...], list[int]] = defaultdict(list)
    for task in opened.scan().plan_files():
        days = () if table.is_whole else (_read_day(task.file.partition[0]),)
        sizes[days].append(task.file.file_size_in_bytes)
    return {
        days: len(of_folder)
        for days, of_folder in sizes.items()
        if sum(size < SMALL_BYTES for size in of_folder) > 1
    }


def _rewrite(branch: AuditBranch, table: LakeTable, days: tuple[date, ...]) -> None:
    from pyiceberg.expressions import AlwaysTrue  # noqa: PLC0415 - an extra

    where = select_days(table.day, days) if days else AlwaysTrue()
    schema = branch.table.schema().as_arrow()
    order = [(name, "ascending") for name in dict.fromkeys((table.day, *table.key))]
    rows = read_branch_rows(branch.table, branch.base, where, schema).sort_by(order)
    branch.replace(where, rows, _NOTES, has_old=True)
    written = read_branch_rows(branch.table, branch.head, where, schema).sort_by(order)
    if not written.equals(rows):
        message = (
            f"The files of {table.identifier} were not compacted: the new ones differ. Main is unchanged."
        )
        raise AuditFailedError(message)


def _read_day(value: object) -> date:
    """Convert a partition's value, which is a number of days since 1970 or a date."""
    days = pc.cast(pa.array([value]), pa.int32()) if isinstance(value, int) else pa.array([value])
    day: date = days.cast(pa.date32())[0].as_py()
    return day
