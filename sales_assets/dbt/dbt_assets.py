"""dbt's models as assets: one dbt invocation for all models that a run selects, for the run's window."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import dagster as dg
from pydantic import Field

from sales_assets.catalog.names import DBT_POOL, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import BACKFILL, is_of_days, window_of
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.dbt.build_metadata import BuiltTables
from sales_assets.dbt.failures import DbtFailedError
from sales_assets.dbt.held_back import refuse_held_back
from sales_assets.dbt.loaded_days import refuse_days_never_loaded
from sales_assets.dbt.project import SalesDbtResource, prepare_project
from sales_assets.dbt.retries import is_lasting, run_until_it_lasts
from sales_assets.dbt.translator import SalesDbtTranslator
from sales_assets.errors import RefusedError
from sales_assets.private_apis.dagster_dbt import (
    DbtCoreCliEventMessage,
    dbt_assets,
    get_subset_selection_for_context,
)
from sales_assets.private_apis.job_assets import list_job_assets
from sales_assets.settings import Settings
from sales_assets.warehouse.io_manager import WarehouseIOManager
from sales_assets.warehouse.memory import release_memory
from sales_assets.warehouse.origin import read_origin, refuse_other_origin

_FAILED = "fail"
"""dbt's status of a test that found rows."""


class DbtConfig(dg.Config):
    """The options of a run of dbt's models."""

    full_refresh: list[str] = Field(
        default=[],
        description="Incremental models to rebuild from all stored rows, such as fct_orders.",
    )


def build_dbt_assets(settings: Settings) -> dg.AssetsDefinition:
    """Build the assets of the dbt project; parses the project if its manifest is missing or outdated."""
    project = prepare_project(settings)
    manifest = json.loads(project.manifest_path.read_text())
    translator = SalesDbtTranslator()

    @dbt_assets(
        manifest=manifest,
        project=project,
        dagster_dbt_translator=translator,
        name="dbt_models",
        backfill_policy=BACKFILL,
        retry_policy=TRANSFORMATION,
        pool=DBT_POOL,
    )
    def dbt_models(
        context: dg.AssetExecutionContext,
        config: DbtConfig,
        dbt: SalesDbtResource,
        io_manager: dg.ResourceParam[Any],
    ) -> Iterator[Any]:
        refuse_unknown_models(config.full_refresh, manifest)
        refuse_days_never_loaded(context)
        if settings.closed_after_days is not None:
            refuse_held_back(context)
        refuse_other_settings(context, io_manager)
        command = build_command(context, config.full_refresh)
        caller = f"run {context.run.run_id}, dbt"
        results = run_until_it_lasts(
            lambda selection: dbt.run([*command, *selection], project, caller),
            build_selection(context, manifest, translator),
            manifest,
            TRANSFORMATION,
        )
        yield from to_dagster_events(results, context, manifest, translator)

    return dbt_models


def to_dagster_events(
    results: Iterator[dict[str, Any]],
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: SalesDbtTranslator,
) -> Iterator[Any]:
    """Convert dbt's results to Dagster's events, one by one as dbt builds and tests.

    Those of tables with figures and plots come when dbt has ended, also if it failed.

    Raises:
        RefusedError: A test failed, or a model and all its retries; more would end the same way.
        DbtFailedError: dbt failed before its first model; the retry policy applies.
    """
    tables = BuiltTables(manifest)
    failed = []
    release_memory()  # dbt starts with the first result
    try:
        for result in results:
            log_entry = DbtCoreCliEventMessage(raw_event=result, event_history_metadata={})
            for event in log_entry.to_default_asset_events(manifest, translator, context):
                if _is_failed_check(event):
                    failed.append(str(event.check_name))
                yield from tables.describe(event, _find_asset(event, context), result.get("report"))
            if result.get("report"):
                release_memory()
    except Exception as error:
        yield from tables.describe_waiting()
        if isinstance(error, DbtFailedError) and (reason := _explain_refusal(error, failed)):
            raise RefusedError(reason) from error
        raise
    yield from tables.describe_waiting()


def _find_asset(event: Any, context: dg.AssetExecutionContext) -> dg.AssetKey:
    is_output = isinstance(event, dg.Output)
    key: dg.AssetKey = context.asset_key_for_output(event.output_name) if is_output else event.asset_key
    return key


def _explain_refusal(error: DbtFailedError, failed: Sequence[str]) -> str | None:
    """Say why more attempts would end the same way; None if they may not."""
    if failed:
        return (
            f"dbt tests failed: {', '.join(failed)}. Models built before the failure are stored; downstream "
            "models were skipped. Correct the data (each check shows its query), then run again."
        )
    return str(error) if error.nodes or is_lasting(str(error)) else None


def refuse_other_settings(context: dg.AssetExecutionContext, io_manager: object) -> None:
    """Refuse to build models of stored days with other settings than the days'.

    A run that stores days itself was refused while it stored them; so only the others ask the warehouse.

    Raises:
        RefusedError: Names the settings and both values.
    """
    stores_days = any(asset.key == RAW_ORDERS_KEY for asset in list_job_assets(context.job_def))
    if isinstance(io_manager, WarehouseIOManager) and not stores_days:
        engine = io_manager.engine
        refuse_other_origin(read_origin(engine, f"run {context.run.run_id}, dbt"), engine.origin)


def build_selection(
    context: dg.AssetExecutionContext, manifest: Mapping[str, Any], translator: SalesDbtTranslator
) -> list[str]:
    """Build the options that select the run's models and checks."""
    selected, indirect = get_subset_selection_for_context(
        context, manifest, "fqn:*", None, None, translator, None
    )
    return [*selected, *(["--indirect-selection", indirect] if indirect else [])]


def refuse_unknown_models(names: Sequence[str], manifest: Mapping[str, Any]) -> None:
    """Refuse a full refresh of anything but incremental models; dbt would ignore it silently.

    Raises:
        RefusedError: Names the unknown models and the incremental ones.
    """
    nodes = manifest["nodes"].values()
    known = sorted(node["name"] for node in nodes if node["config"].get("materialized") == "incremental")
    if unknown := [name for name in names if name not in known]:
        message = (
            f"full_refresh names {', '.join(unknown)}, but the incremental models are: {', '.join(known)}. "
            "No stored data was changed. Correct the run's config."
        )
        raise RefusedError(message)


def build_command(context: dg.AssetExecutionContext, full_refresh: Sequence[str] = ()) -> list[str]:
    """Build the `dbt build` command for the run's window; without partitions, dbt rebuilds whole models.

    Args:
        context: The run's context.
        full_refresh: Incremental models to rebuild from all stored rows.
    """
    variables: dict[str, Any] = {"full_refresh": list(full_refresh)} if full_refresh else {}
    if is_of_days(context):
        start, end = window_of(context).dates
        variables |= {"start_date": start.isoformat(), "end_date": end.isoformat()}
    command = ["build", "--exclude-resource-type", "unit_test"]
    return [*command, "--vars", json.dumps(variables)] if variables else command


def _is_failed_check(event: object) -> TypeGuard[dg.AssetCheckResult]:
    return isinstance(event, dg.AssetCheckResult) and event.metadata["status"].value == _FAILED
