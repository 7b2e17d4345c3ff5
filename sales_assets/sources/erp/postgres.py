"""`PostgresResource`: reads the ERP, and never writes to it.

Connections, time limits and error messages belong here. The queries are in `queries.py`; what is done with
their rows is up to the assets.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

import adbc_driver_manager
import dagster as dg
import pandas as pd
import pyarrow as pa
from adbc_driver_manager import dbapi
from pydantic import Field, PrivateAttr

from sales_assets.errors import RefusedError, UnavailableError
from sales_assets.private_apis.adbc import Databases, leave_signals_to_python
from sales_assets.private_apis.interruptions import pass_on_interruptions
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.begun_query import BegunQuery, OpenQuery
from sales_assets.sources.erp.url import ErpUrl
from sales_assets.transforms.frames import stamp_reading, to_pandas
from sales_assets.transforms.spooled_rows import SpooledRows

FETCHED_ROWS = 50_000

ERP_LOCK_TIMEOUT_SECONDS = 30
"""How long a query waits for a lock that a change of a table holds, and makes others wait behind it."""

ERP_IDLE_TIMEOUT_SECONDS = 60
"""When the ERP ends a transaction whose run asks nothing more, as when the run was suspended."""

_TRANSIENT_STATES = ("08", "25P03", "40", "53", "55", "57", "58")
"""SQLSTATE classes worth a retry: connection, idle transaction, rollback, resources, locks, operator
intervention, system."""

_NOT_IN_ENCODING = "22021"
_ENCODING_REMEDY = (
    "The database has texts that are not UTF-8, and no encoding of its own (SQL_ASCII). Let the role read a "
    "view that converts the column, as "
    "convert_from(convert(convert_to(city, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'SQL_ASCII')."
)
_REMEDY = "Check ERP_POSTGRES_URL and the role's permissions, then rerun the day."

_PERMANENT_REASONS = (
    "authentication failed",
    "does not exist",
    "invalid ",
    "no encryption",
    "no password supplied",
    "not permitted to log in",
    "permission denied",
    "pg_hba.conf",
)
"""Reasons that no retry can fix. The driver reports them without a SQLSTATE when it cannot connect."""

_Rows = TypeVar("_Rows")


class ErpUnavailableError(UnavailableError):
    """The ERP did not answer, or not in time; the retry policy applies."""


class PostgresResource(dg.ConfigurableResource[None]):
    """The ERP's PostgreSQL, read in read-only transactions by a role that needs only SELECT.

    Attributes:
        url: `postgresql://user:password@host:port/database`; a secret, so pass a `dg.EnvVar`.
        connect_timeout_seconds: How long to wait for a connection.
        statement_timeout_seconds: When the ERP cancels a statement; the rows of one query are fetched by
            several statements.
    """

    url: str = Field(repr=False)
    connect_timeout_seconds: int = 10
    statement_timeout_seconds: int = 900
    _databases: Databases = PrivateAttr(default_factory=Databases)
    _begun: BegunQuery | None = PrivateAttr(default=None)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 - Dagster's
        """End what was begun, and forget the types that were read: they may be others in the next run."""
        self._end_begun()
        self._databases.close()

    def connection_url(self) -> str:
        """Return the URL to connect to; a subclass may start the server first."""
        return self.url

    def execute_query(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Run one query and return its rows.

        Args:
            sql: The query, with `$1`, `$2` … for parameters.
            params: The parameters' values, bound by the driver; timestamps need a time zone.

        Returns:
            The rows, with the types of `frames.to_pandas`, and when they were read by the ERP's clock.

        Raises:
            RefusedError: The URL, password, permission, table or column is wrong.
            ErpUnavailableError: No connection, a timeout, or a broken connection.
        """
        return self._read_rows(sql, params, lambda batches: to_pandas(pa.concat_tables(batches)))

    def spool_query(self, sql: str, params: Sequence[Any] = ()) -> SpooledRows:
        """Run one query as `execute_query` does, whose rows may be more than fit into memory."""
        return self._read_rows(sql, params, SpooledRows)

    def begin_query(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Let the ERP compute what `execute_query` or `spool_query` will ask for, without waiting for it.

        If that fails, the query is run when it is asked for.
        """
        self._end_begun()
        with suppress(RefusedError, ErpUnavailableError):
            self._begun = BegunQuery(sql, params, self._start_query(sql, params))

    def _end_begun(self) -> None:
        begun, self._begun = self._begun, None
        if begun:
            begun.close()

    def _read_rows(
        self, sql: str, params: Sequence[Any], read: Callable[[Iterator[pa.Table]], _Rows]
    ) -> _Rows:
        if self._begun and self._begun.asks(sql, params):
            begun, self._begun = self._begun, None
            # Storing may have taken longer than the ERP lets a transaction idle.
            with suppress(ErpUnavailableError), begun.read() as query:
                return read(query.batches)
        with self._start_query(sql, params) as query:
            return read(query.batches)

    @contextmanager
    def _start_query(self, sql: str, params: Sequence[Any]) -> Iterator[OpenQuery]:
        url = ErpUrl.parse(self.connection_url(), self.connect_timeout_seconds)
        leave_signals_to_python()
        try:
            with (
                closing(self._databases.connect(url.uri)) as connection,
                pass_on_interruptions(connection.adbc_cancel),
                closing(connection.cursor()) as cursor,
            ):
                cursor.execute("set transaction read only")
                limits = (self.statement_timeout_seconds, ERP_LOCK_TIMEOUT_SECONDS, ERP_IDLE_TIMEOUT_SECONDS)
                cursor.execute(queries.SESSION_SQL, [str(seconds * 1000) for seconds in limits])
                [(_, read_at), *_] = cursor.fetchall()
                cursor.execute(f"declare result no scroll cursor for {sql}", list(params) or None)
                yield OpenQuery(_fetch_batches(cursor, read_at), connection.adbc_cancel)
        except adbc_driver_manager.Error as error:
            raise _translate_error(error, url) from None


def _fetch_batches(cursor: dbapi.Cursor, read_at: datetime) -> Iterator[pa.Table]:
    """Fetch the rows in batches, the last of them empty. Fetched at once, libpq would hold them twice."""
    cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
    while True:
        cursor.execute(f"fetch forward {FETCHED_ROWS} from result")
        rows = cursor.fetch_arrow_table()
        yield stamp_reading(rows, read_at)
        if not rows.num_rows:
            return


def _translate_error(error: adbc_driver_manager.Error, url: ErpUrl) -> Exception:
    reason = url.clean(str(error))
    if _is_transient(error):
        return ErpUnavailableError(
            f"The ERP at {url} did not answer: {reason} No stored data was changed. "
            "The retry policy tries again; if it gives up, rerun the day once the ERP answers."
        )
    remedy = _ENCODING_REMEDY if error.sqlstate == _NOT_IN_ENCODING else _REMEDY
    return RefusedError(f"The ERP at {url} refused: {reason} No stored data was changed. {remedy}")


def _is_transient(error: adbc_driver_manager.Error) -> bool:
    if error.sqlstate:
        return bool(error.sqlstate.startswith(_TRANSIENT_STATES))
    return not any(reason in str(error) for reason in _PERMANENT_REASONS)
