"""A query that the ERP computes while its run does other work, such as storing what it read before.

Its rows wait in the ERP, but for the first of them. How a connection is opened, and what its errors mean,
belongs to `postgres.py`; which query is begun, to the assets.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa

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
    """Fetches a query's first rows in a thread.

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
            self._first = thread.submit(next, self._query.batches)
            self._until_closed = stack.pop_all()

    def asks(self, sql: str, params: Sequence[Any]) -> bool:
        """Whether this is that query, with those values."""
        return self._asked == (sql, [*params])

    @contextmanager
    def read(self) -> Iterator[OpenQuery]:
        """The open query, as soon as its first rows are here; it is closed on exit.

        Raises:
            Exception: What opening the query raises about an error.
        """
        with self._until_closed:
            yield self._query._replace(batches=chain([self._first.result()], self._query.batches))

    def close(self) -> None:
        """End the query, whose rows nobody needs."""
        with suppress(Exception), self._until_closed:
            while not self._first.done():
                self._query.cancel()  # without effect if the thread has not asked yet
                wait([self._first], _CANCEL_SECONDS)
