"""Runs a job in this process like `execute_in_process`, but without keeping every output until the end.

The public method keeps them for tests to inspect; for a year of days that is a third of the memory.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.execute_in_process import core_execute_in_process, merge_run_tags
from dagster._core.execution.plan.objects import ErrorSource

from sales_assets.private_apis.interruptions import pass_on_interruptions


def run_in_process(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    run_id: str,
    assets: Sequence[dg.AssetKey],
    partition_key: str | None,
    tags: Mapping[str, str],
    run_config: Mapping[str, Any],
) -> bool:
    """Run a job as `execute_in_process` does, and return whether it succeeded.

    Args:
        job: The job to run.
        instance: The instance that records the run.
        run_id: The id of the new run.
        assets: The assets to materialize; empty for all.
        partition_key: The partition; None for a range or an unpartitioned run.
        tags: The run's tags, such as those of a range.
        run_config: The run's config.

    Raises:
        KeyboardInterrupt: The process was asked to end; the run is cancelled.
    """
    selected = job.as_ephemeral_job(resource_defs={}, input_values={}, asset_selection=list(assets))
    all_tags = merge_run_tags(job, partition_key, tags, list(assets), instance, run_config)
    instance.add_event_listener(run_id, partial(_cancel_interrupted, instance))
    with pass_on_interruptions(lambda: None) as work:
        succeeded = core_execute_in_process(
            job=InMemoryJob(selected),
            run_config=run_config,
            instance=instance,
            output_capturing_enabled=False,
            raise_on_error=False,
            run_tags=all_tags,
            run_id=run_id,
            asset_selection=frozenset(assets),
        ).success
    if work.is_interrupted:
        raise KeyboardInterrupt
    return succeeded


def _cancel_interrupted(instance: dg.DagsterInstance, entry: dg.EventLogEntry) -> None:
    """Report that a run is being cancelled as soon as a signal ended a step; Dagster would call it failed."""
    event = entry.dagster_event
    if event and event.is_step_failure and event.step_failure_data.error_source is ErrorSource.INTERRUPT:
        run = instance.get_run_by_id(entry.run_id)
        if run is not None and not run.is_finished and run.status is not dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceling(run, "The process was asked to end.")
