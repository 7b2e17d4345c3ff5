"""Of storing outputs: an output that stands for some of its partitions, and the step of an IO manager."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg


def materialize_only(context: dg.OutputContext, partition_keys: Sequence[str]) -> None:
    """Make an output of a range run stand for some of its partitions only.

    Dagster reports a materialization for every partition of an output after it was stored. It asks
    the context which those are, and there is no public way to leave one out.
    """
    definition = context.asset_partitions_def
    context._asset_partitions_subset = definition.subset_with_partition_keys(partition_keys)


def add_partition_metadata(
    context: dg.OutputContext, partition_key: str, metadata: Mapping[str, Any]
) -> None:
    """Attach metadata to one partition of an output; the public method attaches it to all of them."""
    context.step_context.add_asset_metadata(metadata, context.asset_key, partition_key)


def run_id_of(context: dg.OutputContext | dg.InputContext) -> str:
    """The id of the run that stores or loads; an input's context has no public one."""
    if isinstance(context, dg.OutputContext):
        return str(context.run_id)
    return str(context.step_context.run_id)
