"""Checks the environment variables: which are missing, and which exclude each other. Pure."""

from collections.abc import Mapping

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.settings import SNOWFLAKE_VARIABLES, Settings, SnowflakeSecret, WarehouseEngine


def check_variables(settings: Settings, variables: Mapping[str, str]) -> list[Finding]:
    """Report variables that a deployment lacks, and secrets that exclude each other.

    Args:
        settings: The settings parsed from the variables.
        variables: Names and values of the variables that are set.
    """
    report = CheckReport("Settings")
    report.ok(f"The environment is {settings.environment}; business days are in {settings.timezone}.")
    for name in _list_required(settings):
        if name not in variables:
            report.problem(f"{name} is not set.", "Set it; .env.example explains it.")
    secrets = [str(secret) for secret in SnowflakeSecret if secret in variables]
    if settings.warehouse is WarehouseEngine.SNOWFLAKE and len(secrets) > 1:
        remedy = f"Unset {' and '.join(secrets[1:])}."
        report.problem(f"{' and '.join(secrets)} are set; only the first is used.", remedy)
    if all(finding.is_ok for finding in report.findings):
        report.ok("Every required variable is set.")
    return report.findings


def _list_required(settings: Settings) -> list[str]:
    names: list[str] = []
    if settings.warehouse is WarehouseEngine.SNOWFLAKE:
        names += [*SNOWFLAKE_VARIABLES, settings.snowflake_secret]
    if not settings.uses_demo_erp:
        names += ["ERP_POSTGRES_URL"]
    if not settings.uses_demo_s3:
        names += ["SALES_S3_BUCKET"]
    if not settings.uses_demo_airbyte:
        names += ["AIRBYTE_URL", "AIRBYTE_WORKSPACE_ID", *settings.airbyte_variables]
    return [str(name) for name in names]
