"""What a run says of itself."""

from typing import Any

import dagster as dg


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What the only step that failed says."""
    [event] = [event for event in result.all_events if event.is_step_failure]
    error = event.step_failure_data.error
    assert error is not None
    return error.message + (error.cause.message if error.cause else "")


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """What an asset reported of its only partition, or of the whole."""
    [materialization] = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in materialization.metadata.items()}
