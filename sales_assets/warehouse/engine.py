"""What the IO manager needs of an engine, and readers of the resource `warehouse`."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.warehouse.slices import Slice
from sales_assets.warehouse.statements import Dialect


class Engine(Protocol):
    """A warehouse that keeps tables."""

    kind: str
    """The engine's name, as the catalog shows it."""

    dialect: Dialect
    """How it writes names and types."""

    def stored_contract(self, slice_: Slice) -> dg.TableSchema | None:
        """The columns of a table as it stands, or None if there is none."""

    def replace(
        self, slice_: Slice, contract: dg.TableSchema, chunks: Iterable[pa.Table], holder: str
    ) -> None:
        """Put rows in the place of a slice, in one transaction; make or widen the table as needed.

        Chunks are taken one at a time and may be made meanwhile. If making one fails, nothing was replaced.

        Raises:
            RefusedError: Some rows do not belong to the slice; nothing was replaced.
        """

    def read(self, slice_: Slice, columns: Sequence[str], holder: str) -> pa.Table:
        """The rows of a slice; no columns means all."""


class WarehouseReader(Protocol):
    """The resource `warehouse`, on any engine."""

    def query(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """The rows of one query, read-only, with `?` for parameters."""
