"""The settings of a deployment, parsed once from the environment.

This is the only module that reads or writes the process environment (and `.env`). What is built
from the settings (resources, schedules, the dbt project) belongs to the module of that thing.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from dotenv import load_dotenv

from sales_assets import setting_values as values

ROOT = Path(__file__).resolve().parent.parent
"""The repository's root: relative paths in settings start here, wherever a command is run."""

OURS = ("DAGSTER_", "SALES_", "ERP_", "SNOWFLAKE_", "AIRBYTE_", "AWS_", "ALERT_")
"""How the names of the variables begin that a deployment sets for the code location."""


class Environment(StrEnum):
    """Where the code location runs; there is no fourth place and no default but `local`."""

    LOCAL = "local"
    STAGING = "staging"
    PROD = "prod"


class SnowflakeSecret(StrEnum):
    """The variable that authenticates at Snowflake: exactly one is used, the first that is set."""

    PRIVATE_KEY = "SNOWFLAKE_PRIVATE_KEY"
    PRIVATE_KEY_PATH = "SNOWFLAKE_PRIVATE_KEY_PATH"
    PASSWORD = "SNOWFLAKE_PASSWORD"  # noqa: S105 - the variable's name, not a password


class AirbyteLogin(StrEnum):
    """How Airbyte is authenticated, named by the variable that tells: the first that is set."""

    APPLICATION = "AIRBYTE_CLIENT_ID"
    USER = "AIRBYTE_USERNAME"
    NONE = ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between deployments, without a secret in it.

    Secrets stay in the environment and are named here at most: the resources hold them as
    `dg.EnvVar` and resolve them when they are used.

    Attributes:
        environment: Where the code location runs.
        timezone: IANA name of the business day's time zone.
        data_dir: Where a laptop keeps everything that it can make again.
        duckdb_path: The warehouse file of the local environment.
        has_erp_url: Whether `ERP_POSTGRES_URL` is set.
        erp_currency: The currency of the ERP's amounts, by its three letters.
        has_s3_bucket: Whether `SALES_S3_BUCKET` is set.
        s3_prefix: How the keys of the marketplaces' files begin: empty, or with a slash at its end.
        snowflake_database: The database of staging and prod; empty if `SNOWFLAKE_DATABASE` is not set.
        snowflake_secret: How Snowflake is authenticated.
        has_snowflake_passphrase: Whether `SNOWFLAKE_PRIVATE_KEY_PASSPHRASE` is set.
        has_airbyte_url: Whether `AIRBYTE_URL` is set.
        airbyte_login: How Airbyte is authenticated.
        lookback_days: How many days back the schedule looks for days that are missing.
        max_partitions_per_run: How many days one run takes at most; None for any number.
    """

    environment: Environment = Environment.LOCAL
    timezone: str = "UTC"
    data_dir: Path = ROOT / ".data"
    duckdb_path: Path = ROOT / ".data" / "sales.duckdb"
    has_erp_url: bool = False
    erp_currency: str = "EUR"
    has_s3_bucket: bool = False
    s3_prefix: str = ""
    snowflake_database: str = ""
    snowflake_secret: SnowflakeSecret = SnowflakeSecret.PRIVATE_KEY
    has_snowflake_passphrase: bool = False
    has_airbyte_url: bool = False
    airbyte_login: AirbyteLogin = AirbyteLogin.NONE
    lookback_days: int = 7
    max_partitions_per_run: int | None = None

    @property
    def is_local(self) -> bool:
        """Whether this is a laptop: DuckDB, no schedule running, short retries."""
        return self.environment is Environment.LOCAL

    @property
    def uses_demo_erp(self) -> bool:
        """Whether the embedded ERP stands in for a real one: only locally, and only without a URL."""
        return self.is_local and not self.has_erp_url

    @property
    def uses_demo_airbyte(self) -> bool:
        """Whether a stand-in serves for Airbyte: only locally, and only without a URL."""
        return self.is_local and not self.has_airbyte_url

    @property
    def uses_demo_s3(self) -> bool:
        """Whether a local S3 with made-up files stands in: only locally, and only without a bucket."""
        return self.is_local and not self.has_s3_bucket

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> "Settings":
        """Parse environment variables.

        Args:
            variables: Names and values, as in `os.environ`; an empty value counts as not set.

        Raises:
            ValueError: A value that is not one of those allowed, with the list or an example.
        """
        given = {name: value for name, value in variables.items() if value.strip()}
        return cls(
            environment=_environment(given.get("DAGSTER_DEPLOYMENT", Environment.LOCAL)),
            timezone=values.timezone(given.get("SALES_TIMEZONE", "UTC")),
            duckdb_path=ROOT / Path(given.get("SALES_DUCKDB_PATH", cls.duckdb_path)).expanduser(),
            has_erp_url="ERP_POSTGRES_URL" in given,
            erp_currency=values.currency(given.get("SALES_ERP_CURRENCY", cls.erp_currency)),
            has_s3_bucket="SALES_S3_BUCKET" in given,
            s3_prefix=values.prefix(given.get("SALES_S3_PREFIX", "")),
            snowflake_database=given.get("SNOWFLAKE_DATABASE", ""),
            snowflake_secret=next((s for s in SnowflakeSecret if s in given), SnowflakeSecret.PRIVATE_KEY),
            has_snowflake_passphrase="SNOWFLAKE_PRIVATE_KEY_PASSPHRASE" in given,
            has_airbyte_url=values.is_url(given, "AIRBYTE_URL"),
            airbyte_login=next((login for login in AirbyteLogin if login in given), AirbyteLogin.NONE),
            lookback_days=values.days(given, "SALES_LOOKBACK_DAYS") or cls.lookback_days,
            max_partitions_per_run=values.days(given, "SALES_MAX_PARTITIONS_PER_RUN"),
        )


@cache
def settings() -> Settings:
    """The settings of this process: `.env` at the repository's root, and the environment over it."""
    load_dotenv(ROOT / ".env")
    return Settings.from_environment(os.environ)


def given() -> dict[str, str]:
    """The variables of ours that are set, secrets too: to look at them, and to keep them out of a text."""
    load_dotenv(ROOT / ".env")
    return {name: value for name, value in os.environ.items() if name.startswith(OURS) and value.strip()}


def dagster_home() -> Path:
    """The folder of the `dagster.yaml` that is used: `DAGSTER_HOME`, else the repository's root."""
    return Path(os.environ.get("DAGSTER_HOME") or ROOT)


def environment_with(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process with some variables more, for a child process."""
    return os.environ | dict(variables)


def set_default(name: str, value: str) -> None:
    """Set an environment variable that a library reads, unless somebody chose its value."""
    os.environ.setdefault(name, value)


@contextmanager
def exported(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables of this process for as long as a library reads them, and no longer."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _environment(value: str) -> Environment:
    try:
        return Environment(value)
    except ValueError:
        allowed = ", ".join(Environment)
        message = f"DAGSTER_DEPLOYMENT is {value!r}, but it must be one of: {allowed}."
        raise ValueError(message) from None
