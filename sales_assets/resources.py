"""The resources of each environment, built from the settings. Secrets are resolved when they are used.

Which class is used in which environment is decided here alone; how it works belongs to its own module.
"""

import re
from typing import Any, assert_never

import dagster as dg

from sales_assets.dbt.project import build_dbt_resource
from sales_assets.demo.airbyte.demo_airbyte import DemoAirbyteWorkspace
from sales_assets.demo.erp.demo_erp import DemoPostgresResource
from sales_assets.demo.s3.demo_s3 import DemoS3Resource
from sales_assets.ml.model_io_manager import ModelIOManager
from sales_assets.private_apis.multiprocess import build_multiprocess_executor
from sales_assets.settings import SNOWFLAKE_VARIABLES, Settings, WarehouseEngine
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets.warehouse.file_stores import FileStores
from sales_assets.warehouse.lake.lake_resource import LakeResource

_PRELOADED = ["sales_assets.definitions", "sales_assets.dbt.runner", "sales_assets.private_apis.history"]
"""What a run that was not forked itself imports once; each of its steps is forked from there.

Loading the location imports neither dbt nor Dagster's storage, which the other two do.
"""

_PARALLEL_STEPS = {"max_concurrent": dg.Field(int, default_value=0)}
"""How many steps of a run are executed at a time; 0 for as many as there are processors."""


def build_resources(settings: Settings) -> dict[str, Any]:
    """The resources of an environment by key. Nothing is connected yet."""
    return {
        "postgres_erp": _build_erp(settings),
        "airbyte": build_airbyte(settings),
        "s3": _build_s3(settings),
        "dbt": build_dbt_resource(settings),
        "file_stores": FileStores(reports=settings.reports_root, exports=settings.exports_root),
        "model_io_manager": ModelIOManager(root=settings.models_root),
        "lake": _build_lake(settings),
        **_build_warehouse(settings),
    }


def build_executor(settings: Settings) -> dg.ExecutorDefinition:
    """How the steps of a run are executed: a DuckDB file admits one writer, a server many processes."""
    match settings.warehouse:
        case WarehouseEngine.DUCKDB:
            return dg.in_process_executor
        case WarehouseEngine.SNOWFLAKE:
            return build_multiprocess_executor().configured(_fork_steps, config_schema=_PARALLEL_STEPS)
        case never:
            assert_never(never)


def _fork_steps(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "start_method": {"forkserver": {"preload_modules": _PRELOADED}}}


def build_airbyte(settings: Settings) -> SalesAirbyteWorkspace:
    """The Airbyte workspace of an environment."""
    if settings.uses_demo_airbyte:
        return DemoAirbyteWorkspace(
            data_dir=str(settings.data_dir), database=str(settings.duckdb_path), timezone=settings.timezone
        )
    names = settings.airbyte_variables
    login: dict[str, Any] = {name.removeprefix("AIRBYTE_").lower(): dg.EnvVar(name) for name in names}
    return SalesAirbyteWorkspace(
        url=dg.EnvVar("AIRBYTE_URL"),
        workspace_id=dg.EnvVar("AIRBYTE_WORKSPACE_ID"),
        **login,
    )


def _build_erp(settings: Settings) -> PostgresResource:
    if settings.uses_demo_erp:
        return DemoPostgresResource(data_dir=str(settings.data_dir), timezone=settings.timezone)
    return PostgresResource(url=dg.EnvVar("ERP_POSTGRES_URL"))


def _build_s3(settings: Settings) -> MarketplaceS3Resource:
    if settings.uses_demo_s3:
        return DemoS3Resource(data_dir=str(settings.data_dir), timezone=settings.timezone)
    return MarketplaceS3Resource(bucket=dg.EnvVar("SALES_S3_BUCKET"), prefix=settings.s3_prefix)


def _build_lake(settings: Settings) -> LakeResource:
    if not settings.has_lake:
        return LakeResource()
    folder = settings.data_dir / "lake"
    on_disk = f"sqlite:///{folder / 'catalog.db'}?timeout=60"
    return LakeResource(
        catalog_uri=dg.EnvVar("LAKE_CATALOG_URI") if settings.has_lake_catalog else on_disk,
        warehouse=settings.lake_warehouse or folder.as_uri(),
    )


def _build_warehouse(settings: Settings) -> dict[str, Any]:
    match settings.warehouse:
        case WarehouseEngine.DUCKDB:
            database = str(settings.duckdb_path)
            return {
                "io_manager": DuckDBWarehouseIOManager(database=database, origin=settings.origin),
                "warehouse": DuckDBWarehouse(database=database),
            }
        case WarehouseEngine.SNOWFLAKE:
            # Two seconds of imports that no laptop needs.
            from sales_assets.warehouse.snowflake import (  # noqa: PLC0415
                SnowflakeWarehouse,
                SnowflakeWarehouseIOManager,
            )

            credentials = _snowflake_config(settings)
            return {
                "io_manager": SnowflakeWarehouseIOManager(**credentials, origin=settings.origin),
                "warehouse": SnowflakeWarehouse(**credentials),
            }
        case never:
            assert_never(never)


def _snowflake_config(settings: Settings) -> dict[str, Any]:
    names = (*SNOWFLAKE_VARIABLES, settings.snowflake_secret)
    config = {name.removeprefix("SNOWFLAKE_").lower(): dg.EnvVar(name) for name in names}
    if settings.has_snowflake_passphrase:
        config["private_key_password"] = dg.EnvVar("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE")
    return config


def find_missing_variables(error: Exception) -> list[str]:
    """The environment variables that a resource lacks, from Dagster's error when it resolves `EnvVar`s."""
    return sorted(set(re.findall(r'environment variable "(\w+)"', str(error))))
