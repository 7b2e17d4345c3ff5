"""Which columns the columns of dbt's models are made of, as dagster-dbt's own builder reads it in the SQL.

`python -m sales_assets_tests.column_lineage` rewrites the file that the location loads.
"""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt.core.dbt_cli_event import EventHistoryMetadata, _build_column_lineage_metadata

from sales_assets.catalog.column_lineage import Sources
from sales_assets.catalog.contracts import RAW_CUSTOMERS_SCHEMA, SILVER_ENRICHED_ORDERS_SCHEMA
from sales_assets.dbt.column_sources import COLUMN_LINEAGE
from sales_assets.dbt.project import build_dbt_resource, prepare_project
from sales_assets.dbt.translator import SalesDbtTranslator
from sales_assets_tests.support.data_dir import settings_with

_NUMBERS = re.compile(r"generate_series as generated_number\s+from generate_series\(1, \d+\)")
"""The column of DuckDB's `generate_series`, which sqlglot does not know."""

Columns = dict[str, dict[str, str]]
CONTRACTS = {"raw_customers": RAW_CUSTOMERS_SCHEMA, "silver_enriched_orders": SILVER_ENRICHED_ORDERS_SCHEMA}


def columns_of(node: Mapping[str, Any]) -> Columns:
    """The columns of a model or source, by dbt's YAML or by the contract of Python's table.

    Staging models declare no types. The lineage is the same with any.
    """
    if node["name"] in CONTRACTS:
        return {column.name: {"data_type": column.type} for column in CONTRACTS[node["name"]].columns}
    return {name: {"data_type": column["data_type"] or "varchar"} for name, column in node["columns"].items()}


def compile_models(folder: Path, nodes: Mapping[str, Mapping[str, Any]]) -> Path:
    """Let dbt compile the models in a warehouse that has every table, empty; returns where the SQL is."""
    settings = settings_with(duckdb_path=folder / "sales.duckdb", data_dir=folder)
    with duckdb.connect(str(settings.duckdb_path)) as warehouse:
        for node in nodes.values():
            types = ", ".join(f'"{name}" {column["data_type"]}' for name, column in columns_of(node).items())
            warehouse.execute(f'create schema if not exists "{node["schema"]}"')
            warehouse.execute(f'create table "{node["schema"]}"."{node["name"]}" ({types})')
    dbt = build_dbt_resource(settings)
    list(dbt.run(["compile"], prepare_project(settings_with()), "the column lineage"))
    for model in (dbt.target_folder / "compiled" / "sales" / "models").rglob("*.sql"):
        model.write_text(_NUMBERS.sub("1 as generated_number", model.read_text()))
    return dbt.target_folder


def find_lineage(folder: Path) -> Mapping[str, Sources]:
    """By asset key and column, the columns that it is made of.

    Args:
        folder: For what dbt makes.
    """
    manifest = json.loads(prepare_project(settings_with()).manifest_path.read_text())
    models = {id_: node for id_, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    nodes = {id_: node for id_, node in {**manifest["sources"], **models}.items() if columns_of(node)}
    compiled, translator = compile_models(folder, nodes), SalesDbtTranslator()
    found = {}
    for id_, node in models.items():
        parents = {nodes[id_]["relation_name"]: columns_of(nodes[id_]) for id_ in parents_of(node)}
        history = EventHistoryMetadata(columns=columns_of(node), parents=parents)
        metadata = _build_column_lineage_metadata(history, node, manifest, translator, compiled, None)
        lineage = metadata["dagster/column_lineage"].deps_by_column
        key = translator.get_asset_key(node).to_user_string()
        found[key] = {name: sorted(map(text, lineage.get(name, []))) for name in columns_of(node)}
    return found


def parents_of(node: Mapping[str, Any]) -> list[str]:
    """The models and sources that a model reads."""
    return [id_ for id_ in node["depends_on"]["nodes"] if id_.startswith(("model.", "source."))]


def text(dependency: dg.TableColumnDep) -> str:
    """A column as `asset/key.column`."""
    return f"{dependency.asset_key.to_user_string()}.{dependency.column_name}"


def to_text(lineage: Mapping[str, Sources]) -> str:
    """The lineage as text, as it is kept in the repository: a line per column."""
    assets = []
    for key, columns in lineage.items():
        lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(of)}" for name, of in columns.items())
        assets.append(f"  {json.dumps(key)}: {{\n{lines}\n  }}")
    return "{\n" + ",\n".join(assets) + "\n}\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        COLUMN_LINEAGE.write_text(to_text(find_lineage(Path(scratch))))
