"""Looks at Snowflake: that our session is whose and where the settings say, and that it may make tables.

It makes a table with a name of its own in each schema, and a schema where one is still missing, and
drops them again.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor

from sales_assets.operations.doctor.findings import Finding, Notes
from sales_assets.warehouse.snowflake import SnowflakeEngine

SCHEMAS = ("raw", "silver", "staging", "gold")
PATIENCE_SECONDS = 15
"""How long to wait for an answer; the connector itself would go on for minutes."""

_GRANTS = "Run deploy/snowflake/grants.sql as an administrator."
_SESSION = ("role", "warehouse", "database")


def look_at_snowflake(config: Mapping[str, Any]) -> list[Finding]:
    """Connect and try out the rights.

    Args:
        config: Of the IO manager, with secrets resolved.
    """
    notes = Notes("Warehouse")
    with (
        notes.looking("Check the SNOWFLAKE_* variables and the user's network policy."),
        SnowflakeEngine({"login_timeout": PATIENCE_SECONDS, **config}).connect("make doctor") as connection,
    ):
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        notes.well("Snowflake answers.")
        _look_at_the_session(notes, connection, config)
        for schema in SCHEMAS:
            _try_to_make_tables(notes, connection, schema)
    return notes.findings


def _look_at_the_session(notes: Notes, connection: SnowflakeConnection, config: Mapping[str, Any]) -> None:
    for name in _SESSION:
        wanted = str(config.get(name) or "").strip('"').upper()
        current = str(getattr(connection, name, None) or "none")
        if wanted and current.strip('"').upper() != wanted:
            notes.fix(
                f"The session's {name} is {current}, not that of SNOWFLAKE_{name.upper()}.",
                f"Correct the name, or grant it to our role or user: {_GRANTS}",
            )
        elif wanted:
            notes.well(f"The session's {name} is {current}.")


def _try_to_make_tables(notes: Notes, connection: SnowflakeConnection, schema: str) -> None:
    scratch = f"DOCTOR__{uuid.uuid4().hex.upper()}"
    with notes.looking(_GRANTS), connection.cursor() as cursor:
        if _is_there(cursor, schema):
            with _made(cursor, "table", f'"{schema.upper()}"."{scratch}"', " (n int)"):
                notes.well(f"We may make tables in {schema}.")
        else:
            with _made(cursor, "schema", f'"{scratch}"', ""):
                notes.well(f"Schema {schema} is not there yet; we may make it.")


def _is_there(cursor: SnowflakeCursor, schema: str) -> bool:
    cursor.execute(
        "select count(*) from information_schema.schemata where schema_name = ?", (schema.upper(),)
    )
    return cursor.fetchone() != (0,)


@contextmanager
def _made(cursor: SnowflakeCursor, kind: str, name: str, columns: str) -> Iterator[None]:
    cursor.execute(f"create transient {kind} {name}{columns}")
    try:
        yield
    finally:
        cursor.execute(f"drop {kind} {name}")
