"""Runs a job in this process like `execute_in_process`, but recorded as a run of the code location.

The public method records no location, so the UI shows its runs neither with the job nor on the timeline. It
also keeps every output and event until the end, for tests to inspect; for a year of days that is a third of
the memory.
"""

from collections import deque
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition.valid_definitions import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import create_execution_plan, execute_run_iterator
from dagster._core.execution.execute_in_process import merge_run_tags
from dagster._core.execution.plan.objects import ErrorSource
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.snap import snapshot_from_execution_plan

from sales_assets.private_apis.interruptions import pass_on_interruptions


def run_in_process(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    location: str,
    run_id: str,
    assets: Collection[dg.AssetKey],
    more_checks: Collection[dg.AssetCheckKey],
    partition_key: str | None,
    tags: Mapping[str, str],
    run_config: Mapping[str, Any],
) -> bool:
    """Run a job as `execute_in_process` does, and return whether it succeeded.

    Args:
        job: The job to run.
        instance: The instance that records the run.
        location: The name of the job's code location in `workspace.yaml`.
        run_id: The id of the new run.
        assets: The assets to materialize; empty for all. The job's checks of them run too, and no others:
            `execute_in_process` would add those that the job leaves out.
        more_checks: Checks that the job leaves out, to run if their asset is materialized.
        partition_key: The partition; None for a range or an unpartitioned run.
        tags: The run's tags, such as those of a range.
        run_config: The run's config.

    Raises:
        KeyboardInterrupt: The process was asked to end; the run is cancelled.
    """
    layer = job.asset_layer
    keys = frozenset(assets or layer.executable_asset_keys)
    checks = {*layer.asset_graph.asset_check_keys, *more_checks}
    selected = job.as_ephemeral_job(resource_defs={}, input_values={}).get_subset(
        asset_selection=keys, asset_check_selection={check for check in checks if check.asset_key in keys}
    )
    all_tags = merge_run_tags(job, partition_key, tags, list(assets), instance, run_config)
    instance.add_event_listener(run_id, partial(_cancel_interrupted, instance))
    with pass_on_interruptions(lambda: None) as work:
        run = _record_run(
            selected, instance, location=location, run_id=run_id, tags=all_tags, run_config=run_config
        )
        deque(execute_run_iterator(InMemoryJob(selected), run, instance), maxlen=0)
    if work.is_interrupted:
        raise KeyboardInterrupt
    ended = instance.get_run_by_id(run_id)
    return ended is not None and ended.is_success


def _record_run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    location: str,
    run_id: str,
    tags: Mapping[str, str],
    run_config: Mapping[str, Any],
) -> dg.DagsterRun:
    """Record a run of a job's selection. `create_run_for_job` would record no selection of checks."""
    plan = create_execution_plan(job, run_config, tags=tags)
    return instance.create_run(
        job_name=job.name,
        run_id=run_id,
        run_config=run_config,
        status=None,
        tags={**job.run_tags, **tags},
        root_run_id=None,
        parent_run_id=None,
        step_keys_to_execute=plan.step_keys_to_execute,
        execution_plan_snapshot=snapshot_from_execution_plan(plan, job.get_job_snapshot_id()),
        job_snapshot=job.get_job_snapshot(),
        parent_job_snapshot=job.get_parent_job_snapshot(),
        asset_selection=job.asset_selection,
        asset_check_selection=job.asset_check_selection,
        resolved_op_selection=None,
        op_selection=None,
        remote_job_origin=_build_origin(location, job.name),
        job_code_origin=None,
        asset_graph=job.asset_layer.asset_graph,
    )


def _build_origin(location: str, job: str) -> RemoteJobOrigin:
    """Where the UI looks for the runs of a job."""
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location), SINGLETON_REPOSITORY_NAME)
    return repository.get_job_origin(job)


def _cancel_interrupted(instance: dg.DagsterInstance, entry: dg.EventLogEntry) -> None:
    """Report that a run is being cancelled as soon as a signal ended a step; Dagster would call it failed."""
    event = entry.dagster_event
    if event and event.is_step_failure and event.step_failure_data.error_source is ErrorSource.INTERRUPT:
        run = instance.get_run_by_id(entry.run_id)
        if run is not None and not run.is_finished and run.status is not dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceling(run, "The process was asked to end.")
