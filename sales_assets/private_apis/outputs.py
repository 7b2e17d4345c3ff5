"""Of storing outputs: the database IO manager, and an output that stands for some of its partitions."""

from collections.abc import Sequence

import dagster as dg
from dagster._core.storage.db_io_manager import DbIOManager, TableSlice

__all__ = ["DbIOManager", "TableSlice", "materialize_only"]


def materialize_only(context: dg.OutputContext, partition_keys: Sequence[str]) -> None:
    """Make an output of a range run stand for some of its partitions only.

    Dagster reports a materialization for every partition of an output after it was stored. It asks
    the context which those are, and there is no public way to leave one out.
    """
    definition = context.asset_partitions_def
    context._asset_partitions_subset = definition.subset_with_partition_keys(partition_keys)
