"""DuckDB's files that stay open while a test runs, because DuckDB takes 20 ms to open one.

A test asks for it with the fixture `files_stay_open`. Not for tests of locks, crashes or other processes, nor
for those that run dbt, which opens the file itself; the contract of the warehouse opens it each time, too.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from sales_assets.warehouse import duckdb_file


@contextmanager
def keep_files_open() -> Iterator[None]:
    """Give each reader and writer of a file in this process a connection of its own to the same open file."""
    opened: dict[Path, duckdb.DuckDBPyConnection] = {}
    with ExitStack() as stack:

        def connect(
            database: Path, read_only: bool, config: Mapping[str, Any], timeout_seconds: float
        ) -> duckdb.DuckDBPyConnection:
            if database not in opened:
                opened[database] = stack.enter_context(closing(duckdb.connect(database, config=dict(config))))
            return opened[database].cursor()

        stack.enter_context(patch.object(duckdb_file, "_connect", connect))
        yield
