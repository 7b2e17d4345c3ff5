"""Of dbt's own Python: a parsed manifest for its runner, and the DuckDB file that dbt-duckdb keeps open."""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.contracts.graph.manifest import Manifest


def load_manifest(parsed: Path) -> Any:
    """The manifest of a project that was parsed before.

    Args:
        parsed: Its `partial_parse.msgpack`.
    """
    manifest: Any = Manifest.from_msgpack(parsed.read_bytes())
    manifest.build_flat_graph()  # what macros see as `graph`; dbt makes it only when it parses by itself
    return manifest


def close_duckdb() -> None:
    """Close the file, which dbt-duckdb would keep open until this process ends."""
    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()
