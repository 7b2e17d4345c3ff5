"""What a warehouse was made with, such as the time zone and the ERP, and the refusal to mix it with another.

The first write of business days remembers it in a table, in its own transaction; every later one compares.
Which settings count is up to `Settings.origin`; the connection and the transaction are the engine's.
"""

from collections.abc import Iterable, Mapping

import dagster as dg

from sales_assets.catalog.contracts import required
from sales_assets.catalog.partitions import DAILY
from sales_assets.errors import RefusedError
from sales_assets.settings import ERP_NAME
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.slices import Slice, Windows
from sales_assets.warehouse.statements import Dialect, Statement

ORIGIN = Slice("raw", "sales_origin")

ORIGIN_CONTRACT = dg.TableSchema(
    columns=[
        required("name", "VARCHAR", "The setting."),
        required("content", "VARCHAR", "Its value when the warehouse's first day was stored."),
    ]
)


def is_of_business_days(slice_: Slice) -> bool:
    """Whether a slice is of business days, whose rows depend on the ERP and on the time zone."""
    return any(isinstance(part, Windows) for part in slice_.dimensions)


def build_memory_query(dialect: Dialect) -> str:
    """Build the query for what is remembered."""
    return f"select {dialect.quote_columns(ORIGIN_CONTRACT)} from {dialect.quote_table(ORIGIN)}"


def build_memory(
    dialect: Dialect, remembered: Iterable[tuple[str, str]], origin: Mapping[str, str]
) -> list[Statement]:
    """Build the statements that remember what the warehouse does not know yet.

    Two first writers on Snowflake may both remember. The same content twice is harmless; if it differs, all
    later writes are refused.

    Args:
        dialect: The engine's.
        remembered: The rows of `ORIGIN`.
        origin: The settings of the write by name.

    Raises:
        RefusedError: The warehouse was made with other settings.
    """
    rows = set(remembered)
    refuse_other_origin(rows, origin)
    known = {name for name, _ in rows}
    insert = f"insert into {dialect.quote_table(ORIGIN)} ({dialect.quote_columns(ORIGIN_CONTRACT)})"
    return [
        (f"{insert} values (?, ?)", [name, content]) for name, content in origin.items() if name not in known
    ]


def read_origin(engine: Engine, caller: str) -> list[tuple[str, str]]:
    """Return what a warehouse was made with, by setting; nothing before its first write.

    Args:
        engine: The warehouse.
        caller: Identifies the caller; see `Engine`.
    """
    if engine.read_stored_contract(ORIGIN) is None:
        return []
    columns = [column.name for column in ORIGIN_CONTRACT.columns]
    return [(row["name"], row["content"]) for row in engine.read(ORIGIN, columns, caller).to_pylist()]


def refuse_other_origin(remembered: Iterable[tuple[str, str]], origin: Mapping[str, str]) -> None:
    """Refuse to mix: what was stored with some settings, and what others would store.

    Args:
        remembered: Names and contents, as the warehouse has them.
        origin: The settings by name.

    Raises:
        RefusedError: They differ; names both values, and the command that rebuilds.
    """
    others = sorted((name, old) for name, old in remembered if origin.get(name, old) != old)
    if not others:
        return
    differences = "; ".join(f"it was made with {name} {old!r}, not {origin[name]!r}" for name, old in others)
    moved = [old for name, old in others if name == ERP_NAME]
    hint = f" If it is the same ERP at another address, set {ERP_NAME}={moved[0]}." if moved else ""
    message = (
        f"The warehouse would mix two origins: {differences}. No stored data was changed. "
        f"Set the former value again.{hint} For the new one, set SALES_DUCKDB_PATH or SNOWFLAKE_DATABASE to "
        f"a new warehouse and rebuild: make backfill FROM={DAILY.get_first_partition_key()} "
        f"TO={DAILY.get_last_partition_key()}"
    )
    raise RefusedError(message)
