"""Processes of this machine, and whether one still is the process that it was.

The number of a process is given again after its end, so its start is compared too.
"""

import os
from dataclasses import dataclass

import psutil

_CLOCK_TOLERANCE_SECONDS = 2.0
"""A correction of the machine's clock moves the start of all processes."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process of this machine.

    Attributes:
        number: Its process ID.
        started: When it started, in seconds since 1970; None if that is not known.
    """

    number: int
    started: float | None = None

    @classmethod
    def of_this_process(cls) -> "ProcessIdentity":
        """Return the identity of the process that asks."""
        return cls(os.getpid(), psutil.Process().create_time())

    @classmethod
    def parse(cls, text: str) -> "ProcessIdentity":
        """Parse what `str` returns, or a process ID alone.

        Raises:
            ValueError: The text is neither.
        """
        number, _, started = text.partition("@")
        return cls(int(number), float(started) if started else None)

    def __str__(self) -> str:
        return f"{self.number}@{self.started:.2f}" if self.started is not None else str(self.number)

    def is_alive(self) -> bool:
        """Whether the process still runs; a zombie and a later process of the same number do not count."""
        try:
            process = psutil.Process(self.number)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            created = float(process.create_time())
        except psutil.NoSuchProcess:  # a zombie, on some systems, too
            return False
        except psutil.AccessDenied:  # it belongs to another user
            return True
        return self.started is None or abs(created - self.started) < _CLOCK_TOLERANCE_SECONDS
