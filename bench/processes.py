"""The processes that descend from some others: which are alive, what they cost, what their threads do.

It reads Linux's /proc. What the processes are belongs to the modules that start them.
"""

import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Process:
    """A process, as /proc shows it.

    Attributes:
        pid: Its number.
        parent: That of its parent.
        is_zombie: Whether it has ended.
        seconds: Processor time of it and of its children that have ended and were waited for.
    """

    pid: int
    parent: int
    is_zombie: bool
    seconds: float


def list_alive(roots: set[int]) -> set[int]:
    """The processes that descend from others and have not ended; with those themselves."""
    alive = [each for each in _read_processes() if not each.is_zombie]
    return _find_descendants(roots, alive)


def measure_processor_time(roots: set[int]) -> float:
    """Seconds of processor time of processes and all that descend from them, of ended ones too."""
    processes = list(_read_processes())
    descendants = _find_descendants(roots, processes)
    return sum(each.seconds for each in processes if each.pid in descendants)


def dump_threads(processes: set[int]) -> None:
    """Have processes of the location write to the log what they do, if they can already."""
    for pid in processes:
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
        if caught and int(caught[1], 16) >> (signal.SIGUSR2 - 1) & 1:
            os.kill(pid, signal.SIGUSR2)


def _find_descendants(roots: set[int], processes: list[_Process]) -> set[int]:
    found = set(roots)
    while more := {each.pid for each in processes if each.parent in found} - found:
        found |= more
    return found


def _read_processes() -> Iterator[_Process]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *rest = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks = sum(int(each) for each in rest[9:13])
        yield _Process(int(stat.parent.name), int(parent), state == "Z", ticks / _TICKS_PER_SECOND)
