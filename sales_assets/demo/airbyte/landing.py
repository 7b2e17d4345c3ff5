"""Lands the emulator's rows in the warehouse's file: all tables of a sync, or none.

`rows.py` generates the rows. Writing takes the same lock as every other writer of the warehouse.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

from sales_assets.warehouse.duckdb_file import open_database

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def land_tables(
    database: Path,
    schema: str,
    tables: Mapping[str, pd.DataFrame],
    extracted_at: datetime,
    *,
    is_wanted: Callable[[], bool] = lambda: True,
) -> int:
    """Replace whole tables in one transaction.

    Args:
        database: The DuckDB file.
        schema: The schema of the tables.
        tables: Their rows, by name.
        extracted_at: When the rows were read, UTC; lands as `_airbyte_extracted_at`.
        is_wanted: Called just before the tables are replaced; False leaves them unchanged.

    Returns:
        The size of the rows in bytes.
    """
    incoming = {name: _to_arrow(rows, extracted_at) for name, rows in tables.items()}
    with open_database(database, read_only=False, caller=f"Airbyte emulator, schema {schema}") as connection:
        if not is_wanted():
            return 0
        connection.execute("begin")
        connection.execute(f"create schema if not exists {_quote(schema)}")
        for name, rows in incoming.items():
            connection.register("incoming", rows)
            table = f"{_quote(schema)}.{_quote(name)}"
            connection.execute(f"create or replace table {table} as from incoming")
        connection.execute("commit")
    return sum(rows.nbytes for rows in incoming.values())


def _to_arrow(rows: pd.DataFrame, extracted_at: datetime) -> pa.Table:
    """The rows as a destination stores them: times in UTC, Airbyte's own columns first."""
    naive: dict[str, pd.Series] = {
        str(name): rows[name].dt.tz_localize(None)
        for name in rows
        if isinstance(rows[name].dtype, pd.DatetimeTZDtype)
    }
    frame = rows.assign(**naive)
    ids = pd.Series(range(len(frame)), index=frame.index).astype(str)
    frame.insert(0, "_airbyte_raw_id", f"{extracted_at:%Y%m%dT%H%M%S}-" + ids)
    frame.insert(1, "_airbyte_extracted_at", pd.Timestamp(extracted_at).tz_localize(None).as_unit("us"))
    return pa.Table.from_pandas(frame, preserve_index=False)


def _quote(name: str) -> str:
    if not _NAME.fullmatch(name):
        message = f"{name!r} is not a table name."
        raise ValueError(message)
    return f'"{name}"'
