"""Who holds the lock of a DuckDB file for writing: what its file says, to those that wait and to the doctor.

Taking the lock belongs to `file_lock.py`. Readers share it and leave no record.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sales_assets.warehouse.processes import ProcessIdentity


@dataclass(frozen=True)
class LockHolder:
    """A writer.

    Attributes:
        process: The process.
        caller: What it writes, such as `run <id>, raw_orders`.
        since: When it took the lock, in local time.
    """

    process: ProcessIdentity
    caller: str
    since: str

    @classmethod
    def of_this_process(cls, caller: str) -> "LockHolder":
        """The record of this process, from now on."""
        now = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        return cls(ProcessIdentity.of_this_process(), caller, now)

    @property
    def run_id(self) -> str | None:
        """The run that writes; None for a command."""
        found = re.match(r"run ([0-9a-f-]+),", self.caller)
        return found[1] if found else None

    def format(self) -> str:
        """The text for the lock's file."""
        return json.dumps({"process": str(self.process), "caller": self.caller, "since": self.since})

    def __str__(self) -> str:
        return f"process {self.process.number} ({self.caller}) since {self.since}"


def locate_lock(database: Path) -> Path:
    """The lock's file of a DuckDB file."""
    return database.with_name(f"{database.name}.lock")


def read_holder(database: Path) -> LockHolder | None:
    """Read the last writer's record; None if it has released the lock, or left no record.

    A record alone does not say that the lock is held: a killed process leaves its record behind.
    """
    try:
        record = json.loads(locate_lock(database).read_text())
        return LockHolder(ProcessIdentity.parse(record["process"]), record["caller"], record["since"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
