"""Parquet files and the DuckDB file for BI tools, written in a folder of the caller's.

What is in them, and where they are kept, belongs to `operations/reporting/exports.py`.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sales_assets.warehouse.column_types import to_arrow_type
from sales_assets.warehouse.duckdb_tables import DIALECT_OF_DUCKDB

STORAGE_VERSION = "v1.4.0"
"""What the DuckDB inside BI tools can open; a file of DuckDB 2.0's own version none of them can."""


def order_rows(rows: pa.Table, columns: Sequence[dg.TableColumn]) -> pa.Table:
    """Return the columns in the types of the contract, and the rows sorted: the same rows are the same bytes.

    Args:
        rows: Rows of either engine, with at least the columns.
        columns: The columns that are wanted.
    """
    schema = pa.schema([(column.name, to_arrow_type(column)) for column in columns])
    typed = rows.select(schema.names).replace_schema_metadata(None).cast(schema)
    return typed.sort_by([(name, "ascending") for name in schema.names]).combine_chunks()


def split_by_month(rows: pa.Table, column: str) -> dict[str, pa.Table]:
    """Split rows by the month (YYYY-MM) of a column of days, in order."""
    months = pc.strftime(rows[column].cast(pa.timestamp("s")), format="%Y-%m")
    return {month: rows.filter(pc.equal(months, month)) for month in sorted(pc.unique(months).to_pylist())}


def sum_decimals(rows: pa.Table) -> dict[str, str]:
    """Return the exact sum of each decimal column, as text."""
    decimals = [field.name for field in rows.schema if pa.types.is_decimal(field.type)]
    return {name: str(pc.sum(rows[name]).as_py() or 0) for name in decimals}


def write_parquet(path: Path, rows: pa.Table) -> None:
    """Write a Parquet file that Excel, pandas, Spark and all BI tools read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, compression="snappy", version="2.6")


def write_bi_database(path: Path, tables: Mapping[str, Sequence[Path]]) -> None:
    """Write a DuckDB file with a table of the schema `gold` for each mart.

    Args:
        path: The new file.
        tables: The Parquet files of each mart.
    """
    with closing(duckdb.connect()) as connection:
        quoted = str(path).replace("'", "''")
        connection.execute(f"attach '{quoted}' as bi (storage_version '{STORAGE_VERSION}')")
        connection.execute("create schema bi.gold")
        for name, files in tables.items():
            table = f"bi.gold.{DIALECT_OF_DUCKDB.quote(name)}"
            query = "select * from read_parquet(?, hive_partitioning = false)"
            connection.execute(f"create table {table} as {query}", [[str(file) for file in files]])
        connection.execute("detach bi")
