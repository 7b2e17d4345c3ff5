"""What a deployment may set, with the defaults of a laptop. No secret is in it.

Which variable sets what belongs to `parsing.py`, where the variables come from to `environment.py`.
"""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import assert_never

from sales_assets.settings.choices import (
    AirbyteLogin,
    Environment,
    LogFormat,
    SnowflakeSecret,
    WarehouseEngine,
)

ROOT = Path(__file__).resolve().parents[2]
"""The repository's root: relative paths in settings start here, wherever a command is run."""

DATA_DIR = ROOT / ".data"
"""The default of `Settings.data_dir`."""

_SYSTEMS = "DAGSTER SALES ERP SNOWFLAKE AIRBYTE AWS ALERT HEARTBEAT LAKE PYICEBERG MLFLOW"

VARIABLE_PREFIXES = tuple(f"{name}_" for name in _SYSTEMS.split())
"""The prefixes of all environment variables that a deployment sets for the code location."""

ERP_NAME = "SALES_ERP_NAME"
"""The variable for the ERP's name in the warehouse's memory, if its address must not be it."""

RUNBOOK_URL = "https://github.com/sales-assets/sales_assets/blob/main/docs/runbook.md"
"""The default of `Settings.runbook_url`."""

SNOWFLAKE_VARIABLES = tuple(
    f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE")
)
"""The variables that name the account and the session at Snowflake."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between deployments, without a secret in it.

    Secrets stay in the environment: resources hold them as `dg.EnvVar` and resolve them when they are used.

    Attributes:
        environment: Where the code location runs.
        timezone: IANA name of the business day's time zone.
        data_dir: The folder for demo data, dbt's artifacts and the local warehouse; all can be made again.
        duckdb_path: The DuckDB file of the local environment.
        first_day: The first business day, as YYYY-MM-DD.
        has_erp_url: Whether `ERP_POSTGRES_URL` is set.
        erp_name: Which ERP it is: host, port and database, or a chosen name; empty if it is not known.
        erp_currency: The currency of the ERP's amounts, as three letters.
        has_s3_bucket: Whether `SALES_S3_BUCKET` is set.
        s3_prefix: The prefix of the marketplace files' keys: empty, or ending with a slash.
        snowflake_database: The database of staging and prod; empty if `SNOWFLAKE_DATABASE` is not set.
        snowflake_secret: How to authenticate at Snowflake.
        has_snowflake_passphrase: Whether `SNOWFLAKE_PRIVATE_KEY_PASSPHRASE` is set.
        has_airbyte_url: Whether `AIRBYTE_URL` is set.
        airbyte_login: How to authenticate at Airbyte.
        has_alert_urls: Whether `ALERT_URLS` is set.
        has_critical_alert_urls: Whether `ALERT_URLS_CRITICAL` is set.
        has_heartbeat_url: Whether `HEARTBEAT_URL` is set.
        dagster_url: Where people open Dagster's UI, for links; empty if `SALES_DAGSTER_URL` is not set.
        runbook_url: The page that alerts link to.
        log_format: How runs are logged.
        closed_after_days: How many days after its end a month is closed; None if none ever is.
        restatement_limit: By what share a closed month's revenue may move without approval.
        git_url: Where people see the code, for links; empty if `SALES_GIT_URL` is not set.
        git_revision: The branch, tag or commit that the links lead to.
        lookback_days: How many days before today schedules and checks look at.
        max_partitions_per_run: The maximum number of days per run; None for no limit.
        retention_days: After how many days Dagster's history is removed, except what is the latest.
        max_rejected_share: The share of its orders that a day may be stored without, if they fail validation.
        models_url: Where models are kept, `s3://bucket/prefix`; empty for the data folder.
        reports_url: Where dashboard and exports are kept, `s3://bucket/prefix`; empty for the data folder.
        exports_personal_data: Whether exports have the columns of personal data too.
        has_mlflow: Whether `MLFLOW_TRACKING_URI` is set.
        has_lake_catalog: Whether `LAKE_CATALOG_URI` is set.
        lake_warehouse: Where the lake's files are, as a URL or a REST catalog's name; empty if it is not set.
    """

    environment: Environment = Environment.LOCAL
    timezone: str = "UTC"
    data_dir: Path = DATA_DIR
    duckdb_path: Path = DATA_DIR / "sales.duckdb"
    first_day: str = "2025-01-01"
    has_erp_url: bool = False
    erp_name: str = ""
    erp_currency: str = "EUR"
    has_s3_bucket: bool = False
    s3_prefix: str = ""
    snowflake_database: str = ""
    snowflake_secret: SnowflakeSecret = SnowflakeSecret.PRIVATE_KEY
    has_snowflake_passphrase: bool = False
    has_airbyte_url: bool = False
    airbyte_login: AirbyteLogin = AirbyteLogin.NONE
    has_alert_urls: bool = False
    has_critical_alert_urls: bool = False
    has_heartbeat_url: bool = False
    dagster_url: str = ""
    runbook_url: str = RUNBOOK_URL
    log_format: LogFormat = LogFormat.TEXT
    closed_after_days: int | None = None
    restatement_limit: Decimal = Decimal(0)
    git_url: str = ""
    git_revision: str = "main"
    lookback_days: int = 7
    max_partitions_per_run: int | None = None
    retention_days: int = 90
    max_rejected_share: float = 0.0
    models_url: str = ""
    reports_url: str = ""
    exports_personal_data: bool = False
    has_mlflow: bool = False
    has_lake_catalog: bool = False
    lake_warehouse: str = ""

    @property
    def is_local(self) -> bool:
        """Whether this is a laptop, where the embedded ERP and emulators may replace real sources."""
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
        """Whether schedules and sensors run, and retries are patient; otherwise a person is watching."""
        return not self.is_local

    @property
    def uses_demo_erp(self) -> bool:
        """Whether the embedded ERP is used: only locally, and only without a URL."""
        return self.is_local and not self.has_erp_url

    @property
    def origin(self) -> dict[str, str]:
        """What a warehouse is made with and must not mix, by setting; what is unknown is absent."""
        erp = self.erp_name or ("the embedded ERP" if self.uses_demo_erp else "")
        origin = {"SALES_TIMEZONE": self.timezone, "SALES_ERP_CURRENCY": self.erp_currency, ERP_NAME: erp}
        return {name: value for name, value in origin.items() if value}

    @property
    def models_root(self) -> str:
        """The folder or S3 prefix of the models."""
        return self.models_url or str(self.data_dir / "models")

    @property
    def reports_root(self) -> str:
        """The folder or S3 prefix of the dashboard."""
        return self.reports_url or str(self.data_dir / "reports")

    @property
    def exports_root(self) -> str:
        """The folder or S3 prefix of the exports."""
        return f"{self.reports_url}/exports" if self.reports_url else str(self.data_dir / "exports")

    @property
    def uses_demo_airbyte(self) -> bool:
        """Whether the Airbyte emulator is used: only locally, and only without a URL."""
        return self.is_local and not self.has_airbyte_url

    @property
    def uses_demo_s3(self) -> bool:
        """Whether the S3 emulator with made-up files is used: only locally, and only without a bucket."""
        return self.is_local and not self.has_s3_bucket

    @property
    def has_lake(self) -> bool:
        """Whether gold is published to a lake: on a laptop always, elsewhere if one is configured."""
        return self.is_local or (self.has_lake_catalog and bool(self.lake_warehouse))

    @property
    def airbyte_variables(self) -> tuple[str, ...]:
        """The variables that log in at Airbyte; none for an open server, which only a laptop may have."""
        if self.airbyte_login is AirbyteLogin.USER:
            return "AIRBYTE_USERNAME", "AIRBYTE_PASSWORD"
        if self.airbyte_login is AirbyteLogin.NONE and self.is_local:
            return ()
        return "AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET"
