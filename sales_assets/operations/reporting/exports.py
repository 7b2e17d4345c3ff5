"""Exports the marts as files for other tools: Parquet, one DuckDB file, and a manifest that describes them.

Each mart is read by itself, beside other readers; nothing is written while the warehouse is open. A file is
replaced at once, those with the same content stay, and the manifest comes last.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sales_assets.dbt.marts import Mart
from sales_assets.errors import RefusedError
from sales_assets.warehouse.bi_files import (
    order_rows,
    split_by_month,
    sum_decimals,
    write_bi_database,
    write_parquet,
)
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.file_store import FileStore
from sales_assets.warehouse.slices import Slice

DATABASE, MANIFEST_OF_EXPORT = "sales.duckdb", "manifest.json"
_DAY = "order_date"


@dataclass(frozen=True)
class ExportedFile:
    """A file of the export.

    Attributes:
        name: Its path in the store.
        rows: How many rows it has.
        bytes: Its size.
        sha256: The checksum of its content.
    """

    name: str
    rows: int
    bytes: int
    sha256: str


def export_marts(
    engine: Engine,
    marts: Sequence[Mart],
    store: FileStore,
    folder: Path,
    *,
    caller: str,
    with_personal_data: bool,
    exported_at: str,
) -> dict[str, Any]:
    """Export all marts that exist, and return the manifest.

    Args:
        engine: The warehouse.
        marts: The marts of the project.
        store: Where the files are kept.
        folder: An empty folder on this machine, in which they are made first.
        caller: Identifies the run to others that wait.
        with_personal_data: Whether columns of personal data are exported too.
        exported_at: The moment, for the manifest.

    Raises:
        RefusedError: Gold has no tables yet.
    """
    entries: dict[str, Any] = {}
    for mart in marts:
        if engine.read_stored_contract(Slice("gold", mart.name)) is not None:
            entries[mart.name] = _make_files(engine, mart, folder, caller, with_personal_data)
    if not entries:
        message = (
            "bi_export found no table in gold. No stored data was changed, and the export before was kept. "
            "Run daily_sales_pipeline for some days first."
        )
        raise RefusedError(message)
    tables = {name: [folder / file["name"] for file in entry["files"]] for name, entry in entries.items()}
    write_bi_database(folder / DATABASE, tables)
    database = asdict(_describe(folder, DATABASE, sum(entry["rows"] for entry in entries.values())))
    manifest = {
        "exported_at": exported_at,
        "personal_data": with_personal_data,
        "database": database,
        "marts": entries,
    }
    _publish(store, folder, manifest)
    return manifest


def _make_files(
    engine: Engine, mart: Mart, folder: Path, caller: str, with_personal_data: bool
) -> dict[str, Any]:
    """Make a mart's Parquet files, and return its entry of the manifest."""
    left_out = frozenset() if with_personal_data else mart.personal
    columns = [column for column in mart.columns if column.name not in left_out]
    rows = order_rows(engine.read(Slice("gold", mart.name), [each.name for each in columns], caller), columns)
    months = split_by_month(rows, _DAY) if mart.is_daily else {}
    parts = {f"{mart.name}/month={month}/data.parquet": part for month, part in months.items()}
    parts = parts or {f"{mart.name}/data.parquet": rows}
    for name, part in parts.items():
        write_parquet(folder / name, part)
    return {
        "rows": rows.num_rows,
        "days": _find_days(rows),
        "sums": sum_decimals(rows),
        "columns": {column.name: column.type for column in columns},
        "left_out": sorted(left_out),
        "files": [asdict(_describe(folder, name, part.num_rows)) for name, part in parts.items()],
    }


def _find_days(rows: pa.Table) -> list[str] | None:
    """The first and the last day of a mart that has days."""
    if _DAY not in rows.column_names or not rows.num_rows:
        return None
    days = pc.min_max(rows[_DAY]).as_py()
    return [str(days["min"]), str(days["max"])]


def _describe(folder: Path, name: str, rows: int) -> ExportedFile:
    content = (folder / name).read_bytes()
    return ExportedFile(name, rows, len(content), hashlib.sha256(content).hexdigest())


def _publish(store: FileStore, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Replace what differs, then the manifest, then remove what no mart has any more."""
    kept = set(store.list_names())
    before = _read_checksums(store)
    files = [file for entry in manifest["marts"].values() for file in entry["files"]]
    for file in [*files, manifest["database"]]:
        name = file["name"]
        if name not in kept or before.get(name) != file["sha256"]:
            store.write(name, (folder / name).read_bytes(), CacheControl="no-cache")
    content = json.dumps(manifest, indent=2).encode()
    store.write(MANIFEST_OF_EXPORT, content, ContentType="application/json", CacheControl="no-cache")
    wanted = {file["name"] for file in files} | {DATABASE, MANIFEST_OF_EXPORT}
    for name in sorted(kept & before.keys() - wanted):
        store.remove(name)


def _read_checksums(store: FileStore) -> dict[str, str]:
    """The checksum of each file of the export before, by name; none if there was no export."""
    content = store.read(MANIFEST_OF_EXPORT)
    if content is None:
        return {}
    manifest = json.loads(content)
    files = [file for entry in manifest["marts"].values() for file in entry["files"]]
    return {file["name"]: file["sha256"] for file in [*files, manifest["database"]]}
