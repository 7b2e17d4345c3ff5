"""dagster-snowflake's names, imported without Snowpark: the rest of the package has them from here.

dagster-snowflake imports Snowpark and Snowflake's Python API for its components, which this location does not
have. They take longer to import than Dagster.
"""

from sales_assets.private_apis.deferred_imports import deferring

_PYTHON_API = (
    "snowflake.core",
    *(f"snowflake.core.{name}" for name in ("database", "pipe", "schema", "stage", "table", "view")),
)

with deferring("snowflake.snowpark"), deferring(*_PYTHON_API):
    from dagster_snowflake import SnowflakeResource
    from dagster_snowflake_pandas import SnowflakePandasIOManager

__all__ = ["SnowflakePandasIOManager", "SnowflakeResource"]
