"""What a deployment may set, with the defaults of a laptop; no secret is in it.

How a text becomes a value belongs to `values.py`, where the texts come from to `environment.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from sales_assets.settings import values

ROOT = Path(__file__).resolve().parents[2]
"""The repository's root: relative paths in settings start here, wherever a command is run."""

VARIABLE_PREFIXES = ("DAGSTER_", "SALES_", "ERP_", "SNOWFLAKE_", "AIRBYTE_", "AWS_", "ALERT_")
"""How the names of the variables begin that a deployment sets for the code location."""

SNOWFLAKE_VARIABLES = tuple(
    f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE")
)
"""The variables that name the account and the session at Snowflake."""


class Environment(StrEnum):
    """Where the code location runs; there is no fourth place and no default but `local`."""

    LOCAL = "local"
    STAGING = "staging"
    PROD = "prod"


class WarehouseEngine(StrEnum):
    """What the warehouse is; everything that differs between engines matches on this."""

    DUCKDB = "duckdb"
    SNOWFLAKE = "snowflake"


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
        """Whether this is a laptop, where local servers may take the place of sources."""
        return self.environment is Environment.LOCAL

    @property
    def warehouse(self) -> WarehouseEngine:
        """The engine of the warehouse."""
        match self.environment:
            case Environment.LOCAL:
                return WarehouseEngine.DUCKDB
            case Environment.STAGING | Environment.PROD:
                return WarehouseEngine.SNOWFLAKE
            case never:
                assert_never(never)

    @property
    def runs_unattended(self) -> bool:
        """Whether schedules and sensors run and retries wait for outages; otherwise somebody is watching."""
        return not self.is_local

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

    @property
    def airbyte_variables(self) -> tuple[str, ...]:
        """The variables that log in at Airbyte; none for an open server, which only a laptop may have."""
        if self.airbyte_login is AirbyteLogin.USER:
            return "AIRBYTE_USERNAME", "AIRBYTE_PASSWORD"
        return (
            () if self.is_local and not self.airbyte_login else ("AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET")
        )

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


def _environment(value: str) -> Environment:
    try:
        return Environment(value)
    except ValueError:
        allowed = ", ".join(Environment)
        message = f"DAGSTER_DEPLOYMENT is {value!r}, but it must be one of: {allowed}."
        raise ValueError(message) from None
