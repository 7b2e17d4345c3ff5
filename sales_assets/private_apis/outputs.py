"""Private parts of an IO manager's contexts: an output's partitions and their metadata, run and instance."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.definition.asset_spec import AssetExecutionType
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata, generate_event_batch_id
from dagster._core.execution.context.metadata_logging import AssetMetadataHandle, OutputMetadataAccumulator
from dagster._core.execution.plan.execute_step import _get_output_asset_events


def materialize_only(context: dg.OutputContext, partition_keys: Sequence[str]) -> None:
    """Narrow an output of a range run to some of its partitions.

    After an output is stored, Dagster reports a materialization for each partition that its context lists.
    There is no public way to drop one.
    """
    definition = context.asset_partitions_def
    context._asset_partitions_subset = definition.subset_with_partition_keys(partition_keys)


def record_partitions(context: dg.OutputContext, metadata: Mapping[str, Any]) -> None:
    """Record the materialization of the partitions that an output is narrowed to, before the output ends.

    Dagster records all partitions of an output at its end, so that a run that is killed has none of them.

    Args:
        context: An output's, narrowed by `materialize_only`; what was attached to it is used up.
        metadata: What to report of each partition besides.
    """
    step, asset = context.step_context, context.asset_key
    # Else the version of the partitions before would count as chosen by the asset.
    step._data_version_cache.values.pop(asset, None)
    events = list(
        _get_output_asset_events(
            asset,
            context.asset_partition_keys,
            dg.Output(None, output_name=context.name, metadata=metadata),
            step.op_def.output_def_named(context.name),
            context.consume_logged_metadata(),
            step,
            AssetExecutionType.MATERIALIZATION,
        )
    )
    batch = generate_event_batch_id()  # type: ignore[no-untyped-call]
    for number, event in enumerate(events, start=1):
        if isinstance(event, dg.AssetMaterialization):
            of_batch = DagsterEventBatchMetadata(batch, is_end=number == len(events))
            context._events.append(DagsterEvent.asset_materialization(step, event, of_batch))


def record_nothing_more(context: dg.OutputContext) -> None:
    """Keep Dagster from recording an output's partitions at its end, because `record_partitions` did.

    The key is the one by which Dagster itself knows outputs whose events are recorded elsewhere.
    """
    if not isinstance(context.output_metadata, dict) or not context.output_metadata:
        message = f"The output {context.name} needs metadata, which Dagster shares with its IO manager."
        raise dg.DagsterInvariantViolationError(message)
    context.output_metadata[SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION] = True


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
