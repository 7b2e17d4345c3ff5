"""What an asset returns, or asks for, when the partitions of its run, or one of them, are larger than memory.

How they are stored and recorded belongs to `io_manager.py`; which partitions form a group, to the assets.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import chain
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from sales_assets.catalog.day_groups import LARGEST_DAY_IN_MEMORY
from sales_assets.transforms.spooled_rows import FrameInChunks, SpooledRows
from sales_assets.warehouse.column_types import to_frame
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.slices import Slice

READ_IN_GROUPS = "read_in_groups"
"""Metadata of an input that takes any `StoredRows`: `StoredPartitions` of several partitions, of one a frame,
or `SpooledRows` if it is larger than memory."""


def is_read_in_groups(context: dg.InputContext) -> bool:
    """Whether an input takes any `StoredRows`."""
    return bool((context.definition_metadata or {}).get(READ_IN_GROUPS)) and context.has_asset_partitions


@dataclass(frozen=True)
class PartitionGroup:
    """Rows of some of a run's partitions.

    Attributes:
        keys: The partitions, which the rows replace completely.
        frame: The rows.
        metadata: What to report of each of them, as the metadata of an output.
    """

    keys: Sequence[str]
    frame: pd.DataFrame | FrameInChunks
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupedPartitions:
    """The output of a run, group by group: each is one transaction, and is recorded before the next.

    Attributes:
        groups: Made one at a time. If making one fails, those before it stay stored and recorded.
        total: How many partitions the run has, for its progress.
    """

    groups: Iterator[PartitionGroup]
    total: int


@dataclass(frozen=True, kw_only=True)
class StoredPartitions:
    """The partitions of a run in a table, to be read some at a time.

    Attributes:
        engine: Where they are.
        slice_: All of them.
        columns: The columns to read; empty for all.
        contract: Their types, if these are declared.
        partitions: The definition of the partitions.
        caller: See `Engine`.
    """

    engine: Engine
    slice_: Slice
    columns: Sequence[str]
    contract: dg.TableSchema | None
    partitions: dg.PartitionsDefinition[str]
    caller: str

    def count_by_date(self) -> dict[date, int]:
        """Count the rows by the UTC date of their partition column."""
        return self.engine.count_by_date(self.slice_, self.caller)

    def read(self, keys: Sequence[str]) -> pd.DataFrame | SpooledRows:
        """Read the rows of some partitions, in the types that assets work with."""
        part = self.slice_.narrow(self.partitions, *keys)
        chunks = self.engine.read_chunks(part, self.columns, self.caller)
        to_rows = partial(to_frame, contract=self.contract)
        taken: list[pa.Table] = []
        with closing(chunks):
            for chunk in chunks:
                taken.append(chunk)
                if len(keys) == 1 and sum(each.num_rows for each in taken) > LARGEST_DAY_IN_MEMORY:
                    return SpooledRows(chain(taken, chunks), to_rows)
        return to_rows(pa.concat_tables(taken))


StoredRows = pd.DataFrame | StoredPartitions | SpooledRows
"""What an input with `READ_IN_GROUPS` gets."""


def count_stored_rows(stored: StoredRows) -> dict[str, int]:
    """Count the rows of an input by its days, about; those of one day do not matter, as they are read."""
    if not isinstance(stored, StoredPartitions):
        return {}
    return {day.isoformat(): rows for day, rows in stored.count_by_date().items()}
