"""Decides which checks run in a deployment, and in what order. Each check lives in its own module."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.operations.doctor.check_airbyte import check_airbyte
from sales_assets.operations.doctor.check_dbt import check_manifest
from sales_assets.operations.doctor.check_disk import check_disk, check_duckdb_file
from sales_assets.operations.doctor.check_erp import check_erp
from sales_assets.operations.doctor.check_instance import check_daemons, check_pools
from sales_assets.operations.doctor.check_lock import check_lock
from sales_assets.operations.doctor.check_origin import check_origin
from sales_assets.operations.doctor.check_private_key import KEY_SUBJECT, check_private_key
from sales_assets.operations.doctor.check_s3 import check_s3
from sales_assets.operations.doctor.check_time_zone import check_time_zone
from sales_assets.operations.doctor.check_variables import check_variables
from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.resources import build_resources, find_missing_variables
from sales_assets.settings import Settings, SnowflakeSecret, WarehouseEngine
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.origin import read_origin

_SET_VARIABLES = "Set the variables; .env.example explains them."


def run_checks(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    """Check everything but Dagster's instance.

    Args:
        settings: The settings of the deployment.
        variables: Names and values of the variables that are set.
    """
    yield from check_variables(settings, variables)
    yield from check_disk(settings.data_dir)
    yield from check_manifest(settings)
    yield from _check_erp(settings)
    yield from _check_warehouse(settings, variables)
    if settings.uses_demo_airbyte:
        yield from check_airbyte(None, settings.environment)
    else:
        yield from _check_resource(
            settings, "Airbyte", "airbyte", lambda airbyte: check_airbyte(airbyte, settings.environment)
        )
    if settings.uses_demo_s3:
        yield Finding("S3", "Using the local emulator; `make dev` starts it.")
    else:
        yield from _check_resource(settings, "S3", "s3", check_s3)


def check_instance(
    settings: Settings, home: Path, find_pools: Callable[[Settings], Collection[str]]
) -> Iterator[Finding]:
    """Load Dagster's instance, and check its storage, daemons and pools.

    Args:
        settings: The settings of the deployment.
        home: The folder of `dagster.yaml`.
        find_pools: Returns the pools of an environment's assets; it may fail to load them.
    """
    report = CheckReport("Instance")
    path = home / "dagster.yaml"
    if not path.is_file():
        remedy = "Set DAGSTER_HOME to the folder of a dagster.yaml; see deploy/dagster."
        yield Finding("Instance", f"{path} does not exist; Dagster would use defaults.", remedy)
        return
    with (
        report.catch_errors("Correct dagster.yaml, or the variables of its storage; see deploy/dagster."),
        dg.DagsterInstance.from_config(str(home)) as instance,
    ):
        instance.get_run_records(limit=1)
        report.ok(f"{path} loads, and its storage answers.")
        report.findings += check_lock(settings, instance)
        report.findings += check_daemons(instance, time.time(), is_needed=settings.runs_unattended)
        with report.catch_errors("Fix the error that prevents the location from loading."):
            if settings.runs_unattended:
                report.findings += check_pools(instance, find_pools(settings))
    yield from report.findings


def _check_erp(settings: Settings) -> Iterator[Finding]:
    findings = _check_resource(settings, "ERP", "postgres_erp", lambda erp: check_erp(erp, _now))
    yield from findings
    if any(finding.is_ok for finding in findings):
        yield from _check_resource(
            settings, "Time zone", "postgres_erp", lambda erp: check_time_zone(settings, erp, _now().date())
        )


def _check_warehouse(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    if settings.warehouse is WarehouseEngine.DUCKDB:
        yield from check_duckdb_file(settings.duckdb_path, origin=settings.origin)
        return
    yield from _check_snowflake_key(settings, variables)
    # Two seconds of imports that no laptop needs.
    from sales_assets.operations.doctor.check_snowflake import check_snowflake  # noqa: PLC0415

    findings = _check_resource(
        settings, "Warehouse", "io_manager", lambda io_manager: check_snowflake(io_manager.engine.config)
    )
    yield from findings
    if all(finding.is_ok for finding in findings):
        yield from _check_resource(
            settings, "Origin", "io_manager", lambda io_manager: _check_origin(io_manager.engine)
        )


def _check_origin(engine: Engine) -> list[Finding]:
    return check_origin(read_origin(engine, "the doctor"), engine.origin)


def _check_snowflake_key(settings: Settings, variables: Mapping[str, str]) -> list[Finding]:
    report = CheckReport(KEY_SUBJECT)
    value = variables.get(settings.snowflake_secret, "")
    if settings.snowflake_secret is SnowflakeSecret.PASSWORD or not value:
        return []
    with report.catch_errors("Set SNOWFLAKE_PRIVATE_KEY_PATH to a PEM file that this user can read."):
        is_path = settings.snowflake_secret is SnowflakeSecret.PRIVATE_KEY_PATH
        key = Path(value).read_text(encoding="utf-8") if is_path else value
        return check_private_key(key, variables.get("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", ""))
    return report.findings


def _check_resource(settings: Settings, subject: str, key: str, check: Any) -> list[Finding]:
    """Check a resource as runs get it, with its secrets resolved."""
    report = CheckReport(subject)
    with report.catch_errors(_SET_VARIABLES):
        try:
            with build_resources(settings)[key].process_config_and_initialize_cm() as resource:
                report.findings += check(resource)
        except dg.DagsterInvalidConfigError as error:
            missing = find_missing_variables(error)
            if not missing:
                raise
            verb = "is" if len(missing) == 1 else "are"
            report.problem(f"Not checked: {', '.join(missing)} {verb} not set.", _SET_VARIABLES)
    return report.findings


def _now() -> datetime:
    return datetime.now(UTC)
