"""Checks Snowflake: the session has the role, warehouse and database of the settings, and can create tables.

It creates a table with a unique name in each schema, or a schema if that one is still missing, and drops it.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor

from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.warehouse.snowflake import SnowflakeEngine

SCHEMAS = ("raw", "silver", "staging", "gold")
LOGIN_TIMEOUT_SECONDS = 15
"""The connector's own default is minutes."""

_GRANTS = "Run deploy/snowflake/grants.sql as an administrator."
_SESSION = ("role", "warehouse", "database")


def check_snowflake(config: Mapping[str, Any]) -> list[Finding]:
    """Connect and try out the permissions.

    Args:
        config: The IO manager's config, with secrets resolved.
    """
    report = CheckReport("Warehouse")
    config = {"login_timeout": LOGIN_TIMEOUT_SECONDS, **config}
    with (
        report.catch_errors("Check the SNOWFLAKE_* variables and the user's network policy."),
        SnowflakeEngine(config).connect("make doctor") as connection,
    ):
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        report.ok("Snowflake answers.")
        _check_session(report, connection, config)
        for schema in SCHEMAS:
            _check_create_permission(report, connection, schema)
    return report.findings


def _check_session(report: CheckReport, connection: SnowflakeConnection, config: Mapping[str, Any]) -> None:
    for name in _SESSION:
        expected = str(config.get(name) or "").strip('"').upper()
        current = str(getattr(connection, name, None) or "none")
        if expected and current.strip('"').upper() != expected:
            report.problem(
                f"The session's {name} is {current}, not that of SNOWFLAKE_{name.upper()}.",
                f"Correct the name, or grant it to our role or user: {_GRANTS}",
            )
        elif expected:
            report.ok(f"The session's {name} is {current}.")


def _check_create_permission(report: CheckReport, connection: SnowflakeConnection, schema: str) -> None:
    scratch = f"DOCTOR__{uuid.uuid4().hex.upper()}"
    with report.catch_errors(_GRANTS), connection.cursor() as cursor:
        if _has_schema(cursor, schema):
            with _create_and_drop(cursor, "table", f'"{schema.upper()}"."{scratch}"', " (n int)"):
                report.ok(f"Our role can create tables in {schema}.")
        else:
            with _create_and_drop(cursor, "schema", f'"{scratch}"', ""):
                report.ok(f"Schema {schema} does not exist yet; our role can create it.")


def _has_schema(cursor: SnowflakeCursor, schema: str) -> bool:
    cursor.execute(
        "select count(*) from information_schema.schemata where schema_name = ?", (schema.upper(),)
    )
    return cursor.fetchone() != (0,)


@contextmanager
def _create_and_drop(cursor: SnowflakeCursor, kind: str, name: str, columns: str) -> Iterator[None]:
    cursor.execute(f"create transient {kind} {name}{columns}")
    try:
        yield
    finally:
        cursor.execute(f"drop {kind} {name}")
