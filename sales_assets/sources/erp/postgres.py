"""`PostgresResource`: reads the ERP, and never writes to it.

How a connection is made, bounded and described when it fails belongs here; what is asked of the ERP
belongs to `queries.py`, and how the answer is used to the assets.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import adbc_driver_manager
import dagster as dg
import pandas as pd
import pyarrow as pa
from adbc_driver_postgresql import dbapi
from pydantic import Field

from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.frames import to_pandas
from sales_assets.sources.erp.url import ErpUrl

FETCHED_ROWS = 50_000

_PASSING_STATES = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes that may pass by themselves: connection, rollback, resources, locks, operator, system."""

_REFUSALS = (
    "authentication failed",
    "does not exist",
    "invalid ",
    "no encryption",
    "no password supplied",
    "not permitted to log in",
    "permission denied",
    "pg_hba.conf",
)
"""What no retry mends, said while connecting, when the driver passes no SQLSTATE on."""


class ErpUnavailableError(UnavailableError):
    """The ERP did not answer, or not in time; it may by itself, so the retry policy applies."""


class PostgresResource(dg.ConfigurableResource[None]):
    """The ERP's PostgreSQL, read in read-only transactions by a role that needs SELECT alone.

    Attributes:
        url: `postgresql://user:password@host:port/database`; a secret, so give a `dg.EnvVar`.
        connect_timeout_seconds: How long to wait for a connection.
        statement_timeout_seconds: After how long the ERP itself ends a statement; an answer is fetched by
            several.
    """

    url: str = Field(repr=False)
    connect_timeout_seconds: int = 10
    statement_timeout_seconds: int = 900

    def connection_url(self) -> str:
        """The URL to connect to; a subclass may start the server first."""
        return self.url

    def execute_query(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Run one query and return its rows.

        Args:
            sql: The query, with `$1`, `$2` … for parameters.
            params: Their values, bound by the driver; timestamps with a time zone.

        Returns:
            The rows, in the types of `frames.to_pandas`.

        Raises:
            RefusedError: Bad URL, password, right, table or column.
            ErpUnavailableError: No connection, a time-out, a connection that broke.
        """
        with self._transaction() as cursor:
            cursor.execute(f"declare answer no scroll cursor for {sql}", list(params) or None)
            return to_pandas(pa.concat_tables(_fetched(cursor)))

    @contextmanager
    def _transaction(self) -> Iterator[dbapi.Cursor]:
        url = ErpUrl.parse(self.connection_url(), self.connect_timeout_seconds)
        try:
            with closing(dbapi.connect(url.uri)) as connection, closing(connection.cursor()) as cursor:
                cursor.execute("set transaction read only")
                cursor.execute("set local time zone 'UTC'")
                cursor.execute("set local cursor_tuple_fraction = 1")
                cursor.execute(f"set local statement_timeout = {self.statement_timeout_seconds * 1000:d}")
                yield cursor
        except adbc_driver_manager.Error as error:
            raise _described(error, url) from None


def _fetched(cursor: dbapi.Cursor) -> Iterator[pa.Table]:
    """The answer in pieces, the last of them empty; whole, libpq would hold it a second time."""
    cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
    while True:
        cursor.execute(f"fetch forward {FETCHED_ROWS} from answer")
        rows = cursor.fetch_arrow_table()
        yield rows
        if not rows.num_rows:
            return


def _described(error: adbc_driver_manager.Error, url: ErpUrl) -> Exception:
    reason = url.clean(str(error))
    if _passes(error):
        return ErpUnavailableError(
            f"The ERP at {url} did not answer: {reason} Stored rows were not touched. "
            "The retry policy tries again; if that ends, run the day again once the ERP answers."
        )
    return RefusedError(
        f"The ERP at {url} refused: {reason} Stored rows were not touched. "
        "Check ERP_POSTGRES_URL and the role's rights, then run the day again."
    )


def _passes(error: adbc_driver_manager.Error) -> bool:
    if error.sqlstate:
        return bool(error.sqlstate.startswith(_PASSING_STATES))
    return not any(refusal in str(error) for refusal in _REFUSALS)
