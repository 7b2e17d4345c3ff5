"""Looks at the settings' variables: which are missing, and which exclude each other. Pure."""

from collections.abc import Mapping

from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.settings import SNOWFLAKE_VARIABLES, Settings, SnowflakeSecret, WarehouseEngine


def look_at_the_variables(settings: Settings, variables: Mapping[str, str]) -> list[Finding]:
    """Say what a deployment lacks, and what it has twice.

    Args:
        settings: Parsed from the variables.
        variables: Names and values of those that are set.
    """
    notes = Notes("Settings")
    notes.well(f"This is {settings.environment}; business days are those of {settings.timezone}.")
    for name in _required(settings):
        if name not in variables:
            notes.fix(f"{name} is not set.", "Set it; .env.example says what it means.")
    secrets = [str(secret) for secret in SnowflakeSecret if secret in variables]
    if settings.warehouse is WarehouseEngine.SNOWFLAKE and len(secrets) > 1:
        remedy = f"Unset {' and '.join(secrets[1:])}."
        notes.fix(f"{' and '.join(secrets)} are set; the first is used.", remedy)
    if all(finding.is_well for finding in notes.findings):
        notes.well("Every variable that is needed is set.")
    return notes.findings


def _required(settings: Settings) -> list[str]:
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
