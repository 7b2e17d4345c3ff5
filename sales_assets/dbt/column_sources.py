"""Reads which columns the columns of dbt's models are made of, from a file that is reviewed like code.

dbt's compiled SQL says it, but compiling needs the warehouse and parsing the SQL takes seconds: too much for
loading the location. So `python -m sales_assets_tests.column_lineage` writes the file, and a test fails when
it is no longer what the models' SQL says.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from sales_assets.catalog.column_lineage import Sources

COLUMN_LINEAGE = Path(__file__).with_name("column_lineage.json")


@cache
def read_column_sources() -> Mapping[str, Sources]:
    """Read, by asset key and column, the columns that it is made of."""
    sources: Mapping[str, Sources] = json.loads(COLUMN_LINEAGE.read_text())
    return sources
