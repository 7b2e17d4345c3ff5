"""What this process keeps of memory that is free: as little as possible, for a run's steps come one by one.

How many rows are in memory at once is decided by `catalog/day_groups.py`.
"""

import ctypes
from typing import Any

import pyarrow as pa

_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""Parameters of glibc's `mallopt`: how many heaps it has, and from which size memory is not of one."""

_GIVEN_BACK_AT_ONCE = 128 * 1024
"""In bytes. It is glibc's default, which glibc raises with what is freed unless it is set."""


def keep_one_heap() -> None:
    """Let Arrow and all threads take memory from one heap, where the C library is glibc.

    By default Arrow has a pool of its own, and each thread a heap. What one of them has freed is not there
    for the others, and is given back late: 70 MB of a range of 0.9 million orders, for no time saved. Blocks
    of rows, and DuckDB's, do not come from the heap, whose holes would stay when they are freed.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    set_parameter = _find_function("mallopt")
    if set_parameter is not None:
        set_parameter(_M_ARENA_MAX, 1)
        set_parameter(_M_MMAP_THRESHOLD, _GIVEN_BACK_AT_ONCE)


def release_memory() -> None:
    """Give memory back that is free, but kept: by Arrow's pool, and by the C library if it is glibc.

    Otherwise each step of a run adds to what the steps before it needed.
    """
    pa.default_memory_pool().release_unused()
    trim = _find_function("malloc_trim")
    if trim is not None:
        trim(0)


def _find_function(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None)
