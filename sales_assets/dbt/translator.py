"""Maps dbt's models to assets: which are partitioned by day, and their group.

Keys come from dbt: a model's from its schema and name, a source's from `meta.dagster.asset_key`.
"""

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg

from sales_assets.catalog.column_lineage import lineage_metadata
from sales_assets.catalog.names import GOLD
from sales_assets.catalog.partitions import DAILY
from sales_assets.dbt.check_descriptions import describe_test
from sales_assets.dbt.column_sources import read_column_sources
from sales_assets.dbt.model_versions import hash_model
from sales_assets.dbt.project import PROJECT_DIR
from sales_assets.private_apis.dagster_dbt import DagsterDbtTranslator, DbtProject

_LIVE_OBJECTS = ("dagster_dbt/manifest", "dagster_dbt/dagster_dbt_translator", "dagster_dbt/project")
"""What dagster-dbt keeps in metadata for its `dbt.cli`, which is not used: the catalog cannot show it."""


class SalesDbtTranslator(DagsterDbtTranslator):
    """Partitions the models that dbt builds by day; see dbt's tag `daily`."""

    def __init__(self) -> None:
        super().__init__()
        self._completed: dict[str, tuple[dg.AssetSpec, dg.AssetSpec]] = {}

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Return the asset of a model, with its code version and metadata that the catalog can show."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        known, completed = self._completed.get(unique_id, (None, spec))
        if known is not spec:  # dagster-dbt asks several times for each of a model's tests
            completed = self._complete(spec, manifest, unique_id)
            self._completed[unique_id] = spec, completed
        return completed

    def _complete(self, spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str) -> dg.AssetSpec:
        metadata = {name: value for name, value in spec.metadata.items() if name not in _LIVE_OBJECTS}
        sources = read_column_sources().get(spec.key.to_user_string())
        lineage = lineage_metadata(sources) if sources else {}
        sql = PROJECT_DIR / self.get_resource_props(manifest, unique_id)["original_file_path"]
        code = dg.CodeReferencesMetadataValue(
            code_references=[dg.LocalFileCodeReference(file_path=os.fspath(sql), label="SQL")]
        )
        return spec.replace_attributes(
            metadata={**metadata, **lineage, "dagster/code_references": code},
            code_version=hash_model(manifest, unique_id) if unique_id in manifest["nodes"] else None,
        )

    def get_partitions_def(
        self, dbt_resource_props: Mapping[str, Any]
    ) -> dg.PartitionsDefinition[str] | None:
        """Return daily partitions for a model with the tag `daily`, None for other models."""
        return DAILY if "daily" in dbt_resource_props.get("tags", []) else None

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
