"""Private parts of an IO manager's contexts: an output's partitions and their metadata, run and instance."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.execution.context.metadata_logging import AssetMetadataHandle, OutputMetadataAccumulator


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


def replace_partition_metadata(
    context: dg.OutputContext, partition_key: str, metadata: Mapping[str, Any]
) -> None:
    """Replace what the asset and the IO manager attached to one partition; Dagster's methods only add."""
    step = context.step_context
    handle = AssetMetadataHandle(asset_key=context.asset_key, partition_key=partition_key)
    attached = {**step._metadata_accumulator.per_output_metadata, handle: {}}
    step._metadata_accumulator = OutputMetadataAccumulator(per_output_metadata=attached)
    add_partition_metadata(context, partition_key, metadata)


def read_instance(context: dg.OutputContext) -> dg.DagsterInstance:
    """Return the instance of the run that stores."""
    return context.step_context.instance


def read_run_id(context: dg.OutputContext | dg.InputContext) -> str:
    """Return the id of the run that stores or loads; an input's context has no public one."""
    if isinstance(context, dg.OutputContext):
        return str(context.run_id)
    return str(context.step_context.run_id)
