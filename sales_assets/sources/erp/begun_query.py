"""A query that is run while its run does other work, such as storing what it read before.

Rows beyond the first batches wait in the ERP, so that they never fill the memory. How a connection is opened,
and what its errors mean, belongs to `postgres.py`; which query is begun, to the assets.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import chain, islice
from typing import Any, NamedTuple

import pyarrow as pa

_BATCHES = 5
"""As many rows as a group has; of a day that is larger, no more are in memory."""

_CANCEL_SECONDS = 0.2


class OpenQuery(NamedTuple):
    """A query that is open.

    Attributes:
        batches: Fetches its rows.
        cancel: Ends what the ERP computes for it; may be called from another thread.
    """

    batches: Iterator[pa.Table]
    cancel: Callable[[], object]


class BegunQuery:
    """Fetches a query's first batches in a thread.

    Args:
        sql: The query.
        params: The parameters' values.
        opened: Opens the query, and closes it on exit.
    """

    def __init__(self, sql: str, params: Sequence[Any], opened: AbstractContextManager[OpenQuery]):
        self._asked = sql, [*params]
        with ExitStack() as stack:
            self._query = stack.enter_context(opened)
            thread = stack.enter_context(ThreadPoolExecutor(1, "read-ahead"))
            self._first = thread.submit(lambda: [*islice(self._query.batches, _BATCHES)])
            stack.callback(self._stop)
            self._until_closed = stack.pop_all()

    def asks(self, sql: str, params: Sequence[Any]) -> bool:
        """Whether this is that query, with those values."""
        return self._asked == (sql, [*params])

    @contextmanager
    def read(self) -> Iterator[OpenQuery]:
        """The open query, as soon as its first batches are here; it is closed on exit.

        Raises:
            Exception: What opening the query raises about an error.
        """
        with self._until_closed:
            yield self._query._replace(batches=chain(self._first.result(), self._query.batches))

    def close(self) -> None:
        """End the query, whose rows nobody needs."""
        with suppress(Exception):
            self._until_closed.close()

    def _stop(self) -> None:
        while not self._first.done():
            self._query.cancel()  # without effect between two batches
            wait([self._first], _CANCEL_SECONDS)
