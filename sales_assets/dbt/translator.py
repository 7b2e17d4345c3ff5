"""Maps dbt's models to assets: which are partitioned by day, and their group.

Keys come from dbt: a model's from its schema and name, a source's from `meta.dagster.asset_key`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from sales_assets.catalog.names import GOLD
from sales_assets.catalog.partitions import DAILY


class SalesDbtTranslator(DagsterDbtTranslator):
    """Partitions the models that dbt builds by day; see dbt's tag `daily`."""

    def get_partitions_def(
        self, dbt_resource_props: Mapping[str, Any]
    ) -> dg.PartitionsDefinition[str] | None:
        """Return daily partitions for a model with the tag `daily`, None for other models."""
        return DAILY if "daily" in dbt_resource_props.get("tags", []) else None

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:  # noqa: ARG002 - same for all
        """Return the group gold, for staging models too."""
        return GOLD
