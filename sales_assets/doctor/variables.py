"""Looks at the settings' variables: which are missing, and which exclude each other. Pure."""

from collections.abc import Mapping

from sales_assets.doctor.findings import Finding, Notes
from sales_assets.settings import AirbyteLogin, Settings, SnowflakeSecret

_SNOWFLAKE = tuple(f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE"))
_LOGINS = {
    AirbyteLogin.APPLICATION: ("AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET"),
    AirbyteLogin.USER: ("AIRBYTE_USERNAME", "AIRBYTE_PASSWORD"),
    AirbyteLogin.NONE: (),
}


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
    if not settings.is_local and len(secrets) > 1:
        remedy = f"Unset {' and '.join(secrets[1:])}."
        notes.fix(f"{' and '.join(secrets)} are set; the first is used.", remedy)
    if all(finding.is_well for finding in notes.findings):
        notes.well("Every variable that is needed is set.")
    return notes.findings


def _required(settings: Settings) -> list[str]:
    names: list[str] = []
    if not settings.is_local:
        names += [*_SNOWFLAKE, settings.snowflake_secret, "ERP_POSTGRES_URL", "SALES_S3_BUCKET"]
    if not settings.uses_demo_airbyte:
        is_open = settings.is_local and settings.airbyte_login is AirbyteLogin.NONE
        login = settings.airbyte_login if is_open else settings.airbyte_login or AirbyteLogin.APPLICATION
        names += ["AIRBYTE_URL", "AIRBYTE_WORKSPACE_ID", *_LOGINS[login]]
    return [str(name) for name in names]
