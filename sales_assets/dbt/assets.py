"""dbt's models as assets: one invocation for all that a run selects, given the run's window."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from sales_assets.dbt.project import SalesDbtResource, prepared_project
from sales_assets.dbt.translator import SalesDbtTranslator
from sales_assets.errors import RefusedError
from sales_assets.partitions import BACKFILL, window_of
from sales_assets.retries import TRANSFORMATION
from sales_assets.settings import Settings


def build_dbt_assets(settings: Settings) -> dg.AssetsDefinition:
    """The assets of the dbt project; makes the manifest if it is missing or old."""
    project = prepared_project(settings)

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        dagster_dbt_translator=SalesDbtTranslator(),
        name="dbt_models",
        backfill_policy=BACKFILL,
        retry_policy=TRANSFORMATION,
    )
    def dbt_models(context: dg.AssetExecutionContext, dbt: SalesDbtResource) -> Iterator[Any]:
        with dbt.alone(f"run {context.run.run_id}, dbt"):
            yield from events_of(dbt.cli(build_command(context), context=context))

    return dbt_models


def events_of(invocation: DbtCliInvocation) -> Iterator[Any]:
    """What dbt built and tested, as it goes along.

    Raises:
        RefusedError: A test failed; running it again would end the same way.
        DagsterDbtCliRuntimeError: dbt itself failed; the retry policy applies.
    """
    failed = []
    try:
        for event in invocation.stream():
            if isinstance(event, dg.AssetCheckResult) and not event.passed:
                failed.append(event.check_name)
            yield event
    except DagsterDbtCliRuntimeError as error:
        if not failed:
            raise
        message = (
            f"dbt's tests failed: {', '.join(map(str, failed))}. What was built before them is stored, what "
            "reads it was not built. See the checks for the query, correct the data, then run again."
        )
        raise RefusedError(message) from error


def build_command(context: dg.AssetExecutionContext) -> list[str]:
    """`dbt build` for the window of the run; a run without partitions rebuilds everything it selects."""
    command = ["build", "--exclude-resource-type", "unit_test"]
    if not (context.has_partition_key or context.has_partition_key_range):
        return command
    start, end = window_of(context).dates
    window = {"start_date": start.isoformat(), "end_date": end.isoformat()}
    return [*command, "--vars", json.dumps(window)]
