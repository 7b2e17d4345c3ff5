"""What the rows of a dbt model are made of, as a hash; see `catalog/code_versions.py` for Python's assets."""

from collections.abc import Iterator, Mapping
from typing import Any

from sales_assets.catalog.code_versions import hash_texts, strip_sql

_NOT_ROWS = "report_build"
"""The macro that only reports rows."""


def hash_model(manifest: Mapping[str, Any], unique_id: str) -> str | None:
    """Hash a model's SQL and columns, the project's macros in it, and the views that it reads.

    Args:
        manifest: dbt's manifest.
        unique_id: The model's id.

    Returns:
        None for a view, which stores no rows: what reads it is made of its SQL.
    """
    model = manifest["nodes"][unique_id]
    if _is_view(model):
        return None
    types = [f"{column['name']} {column['data_type']}" for column in model["columns"].values()]
    return hash_texts([*_iterate_sql(manifest, model), *types])


def _iterate_sql(manifest: Mapping[str, Any], model: Mapping[str, Any]) -> Iterator[str]:
    yield strip_sql(model["raw_code"])
    for id_ in sorted(_find_macros(manifest, model["depends_on"]["macros"])):
        yield strip_sql(manifest["macros"][id_]["macro_sql"])
    for id_ in sorted(model["depends_on"]["nodes"]):
        parent = manifest["nodes"].get(id_)
        if parent is not None and _is_view(parent):
            yield from _iterate_sql(manifest, parent)


def _find_macros(manifest: Mapping[str, Any], used: list[str]) -> set[str]:
    """Find the project's own macros, directly or through others."""
    project, engine = manifest["metadata"]["project_name"], manifest["metadata"]["adapter_type"]
    found: set[str] = set()
    pending = list(used)
    while pending:
        macro = manifest["macros"].get(pending.pop(), {})
        is_ours = macro.get("package_name") == project and macro["name"] != _NOT_ROWS
        if is_ours and macro["unique_id"] not in found:
            found.add(macro["unique_id"])
            pending += [*macro["depends_on"]["macros"], f"macro.{project}.{engine}__{macro['name']}"]
    return found


def _is_view(model: Mapping[str, Any]) -> bool:
    return bool(model["config"].get("materialized") == "view")
