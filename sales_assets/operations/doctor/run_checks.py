"""Which things the doctor looks at in a deployment, and in which order; how, is each thing's own file's."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.operations.doctor.check_airbyte import look_at_airbyte
from sales_assets.operations.doctor.check_dbt import look_at_the_manifest
from sales_assets.operations.doctor.check_disk import look_at_the_disk, look_at_the_duckdb_file
from sales_assets.operations.doctor.check_erp import look_at_the_erp
from sales_assets.operations.doctor.check_instance import look_at_the_daemons, look_at_the_pools
from sales_assets.operations.doctor.check_private_key import look_at_the_private_key
from sales_assets.operations.doctor.check_s3 import look_at_s3
from sales_assets.operations.doctor.check_variables import look_at_the_variables
from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.resources import build_resources, find_missing_variables
from sales_assets.settings import Settings, SnowflakeSecret, WarehouseEngine

_VARIABLES = "Set what .env.example describes."


def rounds(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    """Everything but Dagster's instance.

    Args:
        settings: Of the deployment.
        variables: What is set.
    """
    yield from look_at_the_variables(settings, variables)
    yield from look_at_the_disk(settings.data_dir)
    yield from look_at_the_manifest(settings)
    yield from _with(settings, "ERP", "postgres_erp", lambda erp: look_at_the_erp(erp, _now))
    yield from _warehouse(settings, variables)
    if settings.uses_demo_airbyte:
        yield from look_at_airbyte(None, settings.environment)
    else:
        yield from _with(settings, "Airbyte", "airbyte", lambda it: look_at_airbyte(it, settings.environment))
    if settings.uses_demo_s3:
        yield Finding("S3", "The local stand-in serves; `make dev` starts it.")
    else:
        yield from _with(settings, "S3", "s3", look_at_s3)


def rounds_of_the_instance(
    settings: Settings, home: Path, pools: Callable[[Settings], Collection[str]]
) -> Iterator[Finding]:
    """Load Dagster's instance, and look at its daemon and pools.

    Args:
        settings: Of the deployment.
        home: The folder of `dagster.yaml`.
        pools: Gives the pools that the assets of an environment are in; it may fail to load them.
    """
    notes = Notes("Instance")
    if not (home / "dagster.yaml").is_file():
        remedy = "Have DAGSTER_HOME name the folder of one; see deploy/dagster."
        yield Finding("Instance", f"There is no {home / 'dagster.yaml'}; Dagster would do without.", remedy)
        return
    with (
        notes.looking("Correct dagster.yaml, or the variables of its storage; see deploy/dagster."),
        dg.DagsterInstance.from_config(str(home)) as instance,
    ):
        instance.get_run_records(limit=1)
        notes.well(f"{home / 'dagster.yaml'} loads, and its storage answers.")
        notes.findings += look_at_the_daemons(instance, time.time(), is_needed=settings.runs_unattended)
        with notes.looking("Correct what keeps the location from loading."):
            if settings.runs_unattended:
                notes.findings += look_at_the_pools(instance, pools(settings))
    yield from notes.findings


def _warehouse(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    if settings.warehouse is WarehouseEngine.DUCKDB:
        yield from look_at_the_duckdb_file(settings.duckdb_path)
        return
    yield from _private_key(settings, variables)
    # Two seconds of imports that no laptop needs.
    from sales_assets.operations.doctor.check_snowflake import look_at_snowflake  # noqa: PLC0415

    yield from _with(settings, "Warehouse", "io_manager", lambda it: look_at_snowflake(it.engine.config))


def _private_key(settings: Settings, variables: Mapping[str, str]) -> list[Finding]:
    notes = Notes("Snowflake's private key")
    value = variables.get(settings.snowflake_secret, "")
    if settings.snowflake_secret is SnowflakeSecret.PASSWORD or not value:
        return []
    with notes.looking("Give SNOWFLAKE_PRIVATE_KEY_PATH a file of PEM text that this user may read."):
        is_path = settings.snowflake_secret is SnowflakeSecret.PRIVATE_KEY_PATH
        key = Path(value).read_text(encoding="utf-8") if is_path else value
        return look_at_the_private_key(key, variables.get("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", ""))
    return notes.findings


def _with(settings: Settings, subject: str, key: str, look: Any) -> list[Finding]:
    """Look at a resource as runs get it, with its secrets resolved."""
    notes = Notes(subject)
    with notes.looking(_VARIABLES):
        try:
            with build_resources(settings)[key].process_config_and_initialize_cm() as resource:
                notes.findings += look(resource)
        except dg.DagsterInvalidConfigError as error:
            missing = ", ".join(find_missing_variables(error))
            notes.fix(f"It was not looked at, for it needs {missing}.", _VARIABLES)
    return notes.findings


def _now() -> datetime:
    return datetime.now(UTC)
