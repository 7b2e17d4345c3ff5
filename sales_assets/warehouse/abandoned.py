"""The staging tables that killed writes left in the warehouse: which there are, and dropping them.

Only Snowflake has any; DuckDB's writes need none. What is in one is nobody's: the write was repeated.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sales_assets.settings import WarehouseEngine
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.slices import Slice

_CALLER = "retention"


def list_abandoned(engine: Engine, before: datetime) -> list[Slice]:
    """List the staging tables that are older than a time, in any schema.

    Args:
        engine: The warehouse.
        before: The time, with a time zone.
    """
    if engine.kind != WarehouseEngine.SNOWFLAKE:
        return []
    from sales_assets.warehouse.snowflake_staging import list_staging_tables  # noqa: PLC0415 - slow

    snowflake: Any = engine
    with snowflake.connect(_CALLER) as connection:
        return list_staging_tables(connection, before)


def drop_abandoned(engine: Engine, tables: Sequence[Slice]) -> None:
    """Drop tables that `list_abandoned` returned; those that are gone already do not matter."""
    if not tables:
        return
    from sales_assets.warehouse.snowflake_staging import drop_tables  # noqa: PLC0415 - slow

    snowflake: Any = engine
    with snowflake.connect(_CALLER) as connection:
        drop_tables(connection, tables)
