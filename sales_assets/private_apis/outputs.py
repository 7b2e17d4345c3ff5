"""Private parts of the contexts of an IO manager: an output's partitions, their metadata, the run's id."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg


def materialize_only(context: dg.OutputContext, partition_keys: Sequence[str]) -> None:
    """Narrow an output of a range run to some of its partitions.

    After an output is stored, Dagster reports a materialization for each partition that its context lists.
    There is no public way to drop one.
    """
    definition = context.asset_partitions_def
    context._asset_partitions_subset = definition.subset_with_partition_keys(partition_keys)


def add_partition_metadata(
    context: dg.OutputContext, partition_key: str, metadata: Mapping[str, Any]
) -> None:
    """Attach metadata to one partition of an output; the public method attaches it to all of them."""
    context.step_context.add_asset_metadata(metadata, context.asset_key, partition_key)


def read_run_id(context: dg.OutputContext | dg.InputContext) -> str:
    """Return the id of the run that stores or loads; an input's context has no public one."""
    if isinstance(context, dg.OutputContext):
        return str(context.run_id)
    return str(context.step_context.run_id)
