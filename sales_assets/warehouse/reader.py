"""Reads the warehouse by SQL, for checks, reconciliation and people: what both engines' resources share.

How an engine connects is in its own module.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pandas as pd
import pyarrow as pa

from sales_assets.transforms.frames import to_pandas
from sales_assets.warehouse.engine import WarehouseReader


class OpenWarehouse:
    """A warehouse that is connected: its queries share the connection."""

    def __init__(self, fetch: Callable[[str, list[Any]], pa.Table]):
        self._fetch = fetch

    def query(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """See `WarehouseReader`."""
        return to_pandas(self._fetch(sql, list(params)))

    def connect(self) -> AbstractContextManager[WarehouseReader]:
        """Go on with the same connection."""
        return nullcontext(self)


class QueriesMixin:
    """Gives a resource that connects the method `query`."""

    @abstractmethod
    def connect(self) -> AbstractContextManager[WarehouseReader]:
        """See `WarehouseReader`."""

    def query(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Run one query, read-only, on a connection of its own.

        Args:
            sql: A query with `?` for parameters.
            params: The parameters' values.

        Returns:
            The rows, in the types that assets work with.
        """
        with self.connect() as reader:
            return reader.query(sql, params)
