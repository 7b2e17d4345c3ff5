"""DuckDB 1.5, which BI tools contain, in a folder of its own: the project's own DuckDB is another version."""

import os
import sys
from pathlib import Path

BI_CLIENT = Path(os.environ.get("TEST_BI_CLIENT") or Path(sys.prefix) / "bi-client")
"""Where `make` installs it, from `sales_assets_tests/bi_client.lock`."""


def why_no_bi_client() -> str:
    """What is missing, in one line; empty if nothing is."""
    return "" if (BI_CLIENT / "duckdb").is_dir() else f"DuckDB 1.5 is not in {BI_CLIENT}: make installs it"
