"""Private parts of dbt: loading a parsed manifest, cancelling queries, closing dbt-duckdb's connections."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from sales_assets.private_apis.dbt_library import FACTORY, DuckDBConnectionManager, Manifest


def load_manifest(parsed: Path) -> Any:
    """Load the manifest of a project that was parsed before.

    Args:
        parsed: The project's `partial_parse.msgpack`.
    """
    manifest: Any = Manifest.from_msgpack(parsed.read_bytes())
    manifest.build_flat_graph()  # what macros see as `graph`; dbt builds it only when it parses
    return manifest


def keep_unwritten(manifest: Any) -> None:
    """Have dbt write no `manifest.json` at the end of its run, which takes half a second.

    Args:
        manifest: A loaded manifest; the parsed project has the same as a file.
    """
    manifest.write = lambda path: None  # noqa: ARG005 - dbt's


def cancel_queries() -> None:
    """Cancel the queries that dbt runs now, in all of its threads; callable from any thread."""
    adapters: list[Any] = list(FACTORY.adapters.values())
    for adapter in adapters:
        # A connection that ends meanwhile, or a database that knows no cancelling.
        with suppress(Exception), adapter.connection_named("cancel"):
            adapter.cancel_open_connections()


def close_duckdb() -> None:
    """Close the DuckDB file; dbt-duckdb would keep it open until this process ends."""
    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()
