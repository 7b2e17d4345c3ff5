"""A run that has ended and still holds the warehouse's lock, so that every later run waits.

That is a process that hangs, or one that it started and left behind. Waiting is `warehouse/file_lock.py`'s.
"""

from dataclasses import dataclass

import dagster as dg

from sales_assets.errors import RefusedError
from sales_assets.settings import Settings, WarehouseEngine
from sales_assets.warehouse.file_lock import is_held_by_writer
from sales_assets.warehouse.lock_holder import locate_lock, read_holder


@dataclass(frozen=True)
class EndedWriter:
    """The holder of a lock that nobody will release.

    Attributes:
        text: Who holds it, since when, and why that is wrong.
        remedy: What to do.
    """

    text: str
    remedy: str


def find_ended_writer(settings: Settings, instance: dg.DagsterInstance) -> EndedWriter | None:
    """Find the holder of the warehouse's lock whose run or process has ended.

    Args:
        settings: Name the DuckDB file; a server has no such lock.
        instance: Has the runs.
    """
    database = settings.duckdb_path
    if settings.warehouse is not WarehouseEngine.DUCKDB or not is_held_by_writer(database):
        return None
    holder = read_holder(database)
    if holder is None:
        return None
    held = f"The warehouse's lock is held by {holder}"
    if not holder.process.is_alive():
        return EndedWriter(
            f"{held}, which has ended: a process that it started still has the file open.",
            f"Find that process with `fuser {locate_lock(database)}`, and end it.",
        )
    run = instance.get_run_by_id(holder.run_id) if holder.run_id else None
    if run is None or not run.is_finished:
        return None
    number = holder.process.number
    return EndedWriter(
        f"{held}, although the run has ended ({run.status.value}): its process hangs, and later runs wait.",
        f"End it with `kill {number}`, and if it is still there after ten seconds, with `kill -9 {number}`.",
    )


def refuse_ended_writer(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Refuse to start runs that would wait for a lock that nobody will release.

    Raises:
        RefusedError: Names the holder, and what to do.
    """
    if writer := find_ended_writer(settings, instance):
        message = f"{writer.text} No stored data was changed. {writer.remedy}"
        raise RefusedError(message)
