"""The marts of the dbt project, for whoever exports or describes them: names, columns, personal data."""

import json
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from sales_assets.catalog.names import PERSONAL_DATA_TAG


@dataclass(frozen=True)
class Mart:
    """A table of gold.

    Attributes:
        name: Its name in the schema `gold`.
        columns: Its columns with the types of its contract.
        personal: The columns of personal data.
        is_daily: Whether it is built by day, and so grows with each; it has the column `order_date`.
    """

    name: str
    columns: tuple[dg.TableColumn, ...]
    personal: frozenset[str]
    is_daily: bool


def list_marts(manifest: Path) -> list[Mart]:
    """List the marts that dbt's manifest has, by name.

    Args:
        manifest: The file `manifest.json` of the parsed project.
    """
    nodes = json.loads(manifest.read_text())["nodes"].values()
    marts = [node for node in nodes if node["resource_type"] == "model" and "marts" in node["fqn"]]
    found = []
    for node in marts:
        columns = node["columns"].values()
        contract = tuple(dg.TableColumn(each["name"], each["data_type"].upper()) for each in columns)
        personal = frozenset(each["name"] for each in columns if PERSONAL_DATA_TAG in each["tags"])
        found.append(Mart(node["name"], contract, personal, "daily" in node["tags"]))
    return sorted(found, key=lambda mart: mart.name)
