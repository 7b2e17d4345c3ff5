"""Stores the partitions of a run group by group, records each group at once, and says how far the run is.

How one group is stored belongs to `io_manager.py`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import dagster as dg

from sales_assets.private_apis.outputs import materialize_only, record_nothing_more, record_partitions
from sales_assets.warehouse.memory import release_memory
from sales_assets.warehouse.partition_groups import GroupedPartitions, PartitionGroup

PROGRESS = "Progress of"
"""How the sentences about progress begin; commands show them."""

StoreGroup = Callable[[PartitionGroup], None]
"""Stores a group, to whose partitions the output's context is narrowed."""


def store_groups(context: dg.OutputContext, grouped: GroupedPartitions, store: StoreGroup) -> None:
    """Store groups of partitions, each in its own transaction.

    If a group fails, or the process ends, those before it are stored and recorded.
    """
    record_nothing_more(context)
    progress = _Progress(context.asset_key.to_user_string(), grouped.total)
    for group in grouped.groups:
        materialize_only(context, group.keys)
        store(group)
        record_partitions(context, group.metadata)
        context.log.info(progress.describe(group))
        del group
        release_memory()


@dataclass
class _Progress:
    asset: str
    total: int
    began: float = field(default_factory=time.monotonic)
    partitions: int = 0
    rows: int = 0

    def describe(self, group: PartitionGroup) -> str:
        """Add a group that is stored, and say how far the run is, how fast, and how long the rest takes."""
        self.partitions += len(group.keys)
        self.rows += len(group.frame)
        seconds = max(time.monotonic() - self.began, 0.001)
        left = seconds / self.partitions * (self.total - self.partitions)
        return (
            f"{PROGRESS} {self.asset}: {self.partitions} of {self.total} partitions are stored, "
            f"{self.rows:,} rows, {self.rows / seconds:,.0f} rows/s, about {left:.0f} s left."
        )
