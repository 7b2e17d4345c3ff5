"""Which environment variable sets what. How a text becomes a value belongs to `values.py`."""

from collections.abc import Mapping
from typing import Any

from sales_assets.settings import values
from sales_assets.settings.choices import AirbyteLogin, Environment, LogFormat, SnowflakeSecret
from sales_assets.settings.schema import ERP_NAME, ROOT, Settings


def parse_settings(variables: Mapping[str, str]) -> Settings:
    """Parse environment variables.

    Args:
        variables: Names and values, as in `os.environ`; an empty value counts as not set.

    Raises:
        ValueError: A value is not allowed; the message has the list of allowed values or an example.
    """
    given = {name: value for name, value in variables.items() if value.strip()}
    data_dir = values.parse_path(ROOT, given.get("SALES_DATA_DIR", Settings.data_dir))
    file = given.get("SALES_DUCKDB_PATH", data_dir / Settings.duckdb_path.name)
    return Settings(
        environment=values.parse_choice(given, "DAGSTER_DEPLOYMENT", Environment, Environment.LOCAL),
        timezone=values.parse_timezone(given.get("SALES_TIMEZONE", "UTC")),
        data_dir=data_dir,
        duckdb_path=values.parse_database_path(ROOT, file),
        snowflake_database=given.get("SNOWFLAKE_DATABASE", ""),
        snowflake_secret=values.find_first_set(given, SnowflakeSecret, SnowflakeSecret.PRIVATE_KEY),
        has_snowflake_passphrase="SNOWFLAKE_PRIVATE_KEY_PASSPHRASE" in given,
        **_parse_sources(given),
        **_parse_monitoring(given),
        **_parse_operation(given),
    )


def _parse_sources(given: Mapping[str, str]) -> dict[str, Any]:
    return {
        "first_day": values.parse_day(given, "SALES_FIRST_DAY", Settings.first_day),
        "has_erp_url": "ERP_POSTGRES_URL" in given,
        "erp_name": given.get(ERP_NAME) or values.describe_erp(given.get("ERP_POSTGRES_URL", "")),
        "erp_currency": values.parse_currency(given.get("SALES_ERP_CURRENCY", Settings.erp_currency)),
        "has_s3_bucket": "SALES_S3_BUCKET" in given,
        "s3_prefix": values.parse_prefix(given.get("SALES_S3_PREFIX", "")),
        "has_airbyte_url": values.has_server_url(given, "AIRBYTE_URL"),
        "airbyte_login": values.find_first_set(given, AirbyteLogin, AirbyteLogin.NONE),
    }


def _parse_monitoring(given: Mapping[str, str]) -> dict[str, Any]:
    return {
        "has_alert_urls": "ALERT_URLS" in given,
        "has_critical_alert_urls": "ALERT_URLS_CRITICAL" in given,
        "has_heartbeat_url": "HEARTBEAT_URL" in given,
        "dagster_url": values.parse_server_url(given, "SALES_DAGSTER_URL"),
        "runbook_url": values.parse_server_url(given, "SALES_RUNBOOK_URL") or Settings.runbook_url,
        "git_url": values.parse_server_url(given, "SALES_GIT_URL").removesuffix(".git"),
        "git_revision": given.get("SALES_GIT_REVISION", Settings.git_revision).strip(),
        "log_format": values.parse_choice(given, "SALES_LOG_FORMAT", LogFormat, LogFormat.TEXT),
    }


def _parse_operation(given: Mapping[str, str]) -> dict[str, Any]:
    restatement_limit = values.parse_share(given, "SALES_RESTATEMENT_LIMIT")
    return {
        "closed_after_days": values.parse_days(given, "SALES_CLOSED_AFTER_DAYS"),
        "restatement_limit": restatement_limit or Settings.restatement_limit,
        "lookback_days": values.parse_days(given, "SALES_LOOKBACK_DAYS") or Settings.lookback_days,
        "max_partitions_per_run": values.parse_days(given, "SALES_MAX_PARTITIONS_PER_RUN"),
        "retention_days": values.parse_days(given, "SALES_RETENTION_DAYS") or Settings.retention_days,
        "models_url": values.parse_bucket_url(given, "SALES_MODELS_URL"),
        "reports_url": values.parse_bucket_url(given, "SALES_REPORTS_URL"),
        "exports_personal_data": values.parse_switch(given, "SALES_EXPORT_PERSONAL_DATA"),
        "has_mlflow": "MLFLOW_TRACKING_URI" in given,
        "has_lake_catalog": "LAKE_CATALOG_URI" in given,
        "lake_warehouse": values.parse_lake_warehouse(ROOT, given),
        "max_rejected_share": float(values.parse_share(given, "SALES_MAX_REJECTED_SHARE") or 0),
    }
