"""The resources of each environment, built from the settings; secrets are resolved when used.

Which class serves which environment is decided here and nowhere else; how it works is its own module's.
"""

from typing import Any, assert_never

import dagster as dg

from sales_assets.airbyte.workspace import SalesAirbyteWorkspace
from sales_assets.dbt.project import dbt_resource
from sales_assets.demo.airbyte.resource import DemoAirbyteWorkspace
from sales_assets.demo.erp import DemoPostgresResource
from sales_assets.demo.s3 import DemoS3Resource
from sales_assets.erp.postgres import PostgresResource
from sales_assets.marketplace.resource import MarketplaceS3Resource
from sales_assets.settings import AirbyteLogin, Environment, Settings
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager


def build_resources(settings: Settings) -> dict[str, Any]:
    """The resources of an environment by their keys, with nothing connected yet."""
    return {
        "postgres_erp": _erp(settings),
        "airbyte": airbyte_resource(settings),
        "s3": _s3(settings),
        "dbt": dbt_resource(settings),
        **_warehouse(settings),
    }


def airbyte_resource(settings: Settings) -> SalesAirbyteWorkspace:
    """The Airbyte workspace of an environment."""
    if settings.uses_demo_airbyte:
        return DemoAirbyteWorkspace(
            data_dir=str(settings.data_dir), database=str(settings.duckdb_path), timezone=settings.timezone
        )
    return SalesAirbyteWorkspace(
        url=dg.EnvVar("AIRBYTE_URL"),
        workspace_id=dg.EnvVar("AIRBYTE_WORKSPACE_ID"),
        **_airbyte_login(settings),
    )


def _airbyte_login(settings: Settings) -> dict[str, Any]:
    names = ["client_id", "client_secret"]
    if settings.airbyte_login is AirbyteLogin.USER:
        names = ["username", "password"]
    elif settings.airbyte_login is AirbyteLogin.NONE and settings.is_local:
        names = []
    return {name: dg.EnvVar(f"AIRBYTE_{name.upper()}") for name in names}


def _erp(settings: Settings) -> PostgresResource:
    if settings.uses_demo_erp:
        return DemoPostgresResource(data_dir=str(settings.data_dir), timezone=settings.timezone)
    return PostgresResource(url=dg.EnvVar("ERP_POSTGRES_URL"))


def _s3(settings: Settings) -> MarketplaceS3Resource:
    if settings.uses_demo_s3:
        return DemoS3Resource(data_dir=str(settings.data_dir), timezone=settings.timezone)
    return MarketplaceS3Resource(bucket=dg.EnvVar("SALES_S3_BUCKET"), prefix=settings.s3_prefix)


def _warehouse(settings: Settings) -> dict[str, Any]:
    match settings.environment:
        case Environment.LOCAL:
            database = str(settings.duckdb_path)
            return {
                "io_manager": DuckDBWarehouseIOManager(database=database),
                "warehouse": DuckDBWarehouse(database=database),
            }
        case Environment.STAGING | Environment.PROD:
            # Two seconds of imports that no laptop needs.
            from sales_assets.warehouse.snowflake import (  # noqa: PLC0415
                SnowflakeWarehouse,
                SnowflakeWarehouseIOManager,
            )

            credentials = _snowflake(settings)
            return {
                "io_manager": SnowflakeWarehouseIOManager(**credentials),
                "warehouse": SnowflakeWarehouse(**credentials),
            }
        case never:
            assert_never(never)


def _snowflake(settings: Settings) -> dict[str, Any]:
    names = ("account", "user", "role", "warehouse", "database")
    config = {name: dg.EnvVar(f"SNOWFLAKE_{name.upper()}") for name in names}
    secret = settings.snowflake_secret
    config[secret.removeprefix("SNOWFLAKE_").lower()] = dg.EnvVar(secret)
    if settings.has_snowflake_passphrase:
        config["private_key_password"] = dg.EnvVar("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE")
    return config
