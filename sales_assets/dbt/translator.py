"""Maps dbt's models to assets: which are partitioned by day, and their group.

Keys come from dbt: a model's from its schema and name, a source's from `meta.dagster.asset_key`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject

from sales_assets.catalog.names import GOLD
from sales_assets.catalog.partitions import DAILY
from sales_assets.dbt.check_descriptions import describe_test

_OBJECTS = ("dagster_dbt/manifest", "dagster_dbt/dagster_dbt_translator", "dagster_dbt/project")
"""Metadata for dagster-dbt's own command, which is not used; in the UI they are "unserializable"."""


class SalesDbtTranslator(DagsterDbtTranslator):
    """Partitions the models that dbt builds by day; see dbt's tag `daily`."""

    def get_partitions_def(
        self, dbt_resource_props: Mapping[str, Any]
    ) -> dg.PartitionsDefinition[str] | None:
        """Return daily partitions for a model with the tag `daily`, None for other models."""
        return DAILY if "daily" in dbt_resource_props.get("tags", []) else None

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Return the asset of a model, without the Python objects that the UI cannot show."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        shown = {name: value for name, value in spec.metadata.items() if name not in _OBJECTS}
        return spec.replace_attributes(metadata=shown)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description in YAML, without the SQL that dagster-dbt appends."""
        return str(dbt_resource_props.get("description") or "")

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """Return the check of a test, with a description."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        return spec._replace(description=describe_test(self.get_resource_props(manifest, unique_id)))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:  # noqa: ARG002 - same for all
        """Return the group gold, for staging models too."""
        return GOLD
