"""Private parts of ADBC: its own handler of SIGINT, and a database that several connections use.

While a statement runs, ADBC replaces the process's handler by one that cancels the statement, so that Dagster
and Python never learn of the signal: the step would fail and be tried again. Its `connect` reads the types of
the whole database as well, which takes longer than most of our queries: several connections share that here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import adbc_driver_postgresql
from adbc_driver_manager import AdbcConnection, dbapi


def leave_signals_to_python() -> None:
    """Let ADBC's calls run without a handler of its own; `pass_on_interruptions` cancels them."""
    dbapi._blocking_call = _call  # type: ignore[assignment, attr-defined] # simpler types, the same calls


class Databases:
    """The databases that connections were opened to, each with the types that it had then."""

    def __init__(self) -> None:
        self._opened: dict[str, dbapi._SharedDatabase] = {}

    def connect(self, uri: str) -> dbapi.Connection:
        """Open a connection.

        Args:
            uri: The database's, with the user and the password.

        Raises:
            adbc_driver_manager.Error: There is no connection.
        """
        if uri not in self._opened:
            self._opened[uri] = dbapi._SharedDatabase(adbc_driver_postgresql.connect(uri))
        shared = self._opened[uri]
        return dbapi.Connection(shared, AdbcConnection(shared._db))

    def close(self) -> None:
        """Forget the databases; a connection that is open stays open."""
        while self._opened:
            self._opened.popitem()[1].close()


def _call(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    options: Mapping[str, Any],
    cancel: object,  # noqa: ARG001 - ADBC passes it
) -> Any:
    return function(*arguments, **options)
