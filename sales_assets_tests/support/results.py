"""What a run reported: its failure, metadata and tags."""

from collections.abc import Mapping
from typing import Any

import dagster as dg


def failure(result: dg.ExecuteInProcessResult) -> str:
    """The message of the only step that failed."""
    [event] = [event for event in result.all_events if event.is_step_failure]
    error = event.step_failure_data.error
    assert error is not None
    return error.message + (error.cause.message if error.cause else "")


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """The metadata of an asset's only materialization."""
    [materialization] = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in materialization.metadata.items()}


def run_tags(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> Mapping[str, str]:
    """The tags that a run has by now."""
    [record] = instance.get_run_records(dg.RunsFilter(run_ids=[result.run_id]))
    return record.dagster_run.tags
