"""What a deployment chooses between: where it runs, its warehouse, and how it authenticates.

What has any value, such as a path or a number, is in `schema.py`.
"""

from enum import StrEnum


class Environment(StrEnum):
    """Where the code location runs. There is no default but `local`."""

    LOCAL = "local"
    STAGING = "staging"
    PROD = "prod"


class WarehouseEngine(StrEnum):
    """The database that is the warehouse. Everything that differs between engines matches on this."""

    DUCKDB = "duckdb"
    SNOWFLAKE = "snowflake"


class SnowflakeSecret(StrEnum):
    """The variable that authenticates at Snowflake: the first of these that is set."""

    PRIVATE_KEY = "SNOWFLAKE_PRIVATE_KEY"
    PRIVATE_KEY_PATH = "SNOWFLAKE_PRIVATE_KEY_PATH"
    PASSWORD = "SNOWFLAKE_PASSWORD"  # noqa: S105 - the variable's name, not a password


class LogFormat(StrEnum):
    """How runs are logged on standard output: as Dagster's text, or a line of JSON for each event."""

    TEXT = "text"
    JSON = "json"


class AirbyteLogin(StrEnum):
    """How to authenticate at Airbyte, by the variable that decides it: the first of these that is set."""

    APPLICATION = "AIRBYTE_CLIENT_ID"
    USER = "AIRBYTE_USERNAME"
    NONE = "none"
