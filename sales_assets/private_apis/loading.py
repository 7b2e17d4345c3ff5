"""How what stays until the process ends is loaded: the garbage collector does not look through it.

Dagster, pandas and dbt are half a million objects, none of which is garbage; a backfill looked through them
eight times. What is loaded when belongs to the modules that load it.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@contextmanager
def load_for_good() -> Iterator[None]:
    """Keep the garbage collector from looking at what is loaded meanwhile, now and later.

    It is for imports and the like, and once for each of them: garbage that they leave stays too.
    """
    gc.collect()
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        _freeze()
    finally:
        if is_enabled:
            gc.enable()


@cache
def keep_what_is_loaded() -> None:
    """Keep the garbage collector from looking at what is loaded by now; only the first call does something.

    For the processes of runs and steps, which Dagster starts and loads.
    """
    _freeze()


def _freeze() -> None:
    gc.freeze()
    atexit.unregister(gc.unfreeze)
    atexit.register(gc.unfreeze)  # DuckDB reports on stderr what the interpreter's end leaves behind
