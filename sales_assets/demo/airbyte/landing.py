"""Lands the stand-in's rows in the warehouse's file: all tables of a sync, or none.

What the rows are is in `rows.py`. Writes under the lock that everything of ours takes.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa

from sales_assets.warehouse.duckdb_file import open_database

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def land(
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
        schema: Where the tables are.
        tables: Their rows, by name.
        extracted_at: When the rows were read, UTC; lands as `_airbyte_extracted_at`.
        is_wanted: Asked last before the tables are replaced.

    Returns:
        How many bytes the rows have.
    """
    incoming = {name: _landed(rows, extracted_at) for name, rows in tables.items()}
    with open_database(
        database, read_only=False, caller=f"Airbyte's stand-in, schema {schema}"
    ) as connection:
        if not is_wanted():
            return 0
        connection.execute("begin")
        connection.execute(f"create schema if not exists {_quoted(schema)}")
        for name, rows in incoming.items():
            connection.register("incoming", rows)
            table = f"{_quoted(schema)}.{_quoted(name)}"
            connection.execute(f"create or replace table {table} as from incoming")
        connection.execute("commit")
    return sum(rows.nbytes for rows in incoming.values())


def _landed(rows: pd.DataFrame, extracted_at: datetime) -> pa.Table:
    """The rows as a destination stores them: instants in UTC, with Airbyte's own columns before them."""
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


def _quoted(name: str) -> str:
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name for a table."
        raise ValueError(message)
    return f'"{name}"'
