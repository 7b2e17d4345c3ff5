"""Private parts of ADBC: its own handler of SIGINT.

While a statement runs, ADBC replaces the process's handler by one that cancels the statement, so that Dagster
and Python never learn of the signal: the step would fail and be tried again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adbc_driver_manager import dbapi


def leave_signals_to_python() -> None:
    """Let ADBC's calls run without a handler of its own; `pass_on_interruptions` cancels them."""
    dbapi._blocking_call = _call  # type: ignore[assignment, attr-defined] # simpler types, the same calls


def _call(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    options: Mapping[str, Any],
    cancel: object,  # noqa: ARG001 - ADBC passes it
) -> Any:
    return function(*arguments, **options)
