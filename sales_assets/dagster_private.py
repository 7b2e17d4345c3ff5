"""The one place that uses what Dagster does not promise to keep; each use has a test that notices.

Everything else in this package uses Dagster's public names only.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import dagster as dg
from dagster._core.storage.db_io_manager import DbIOManager, TableSlice
from dagster_dbt import DbtCliResource
from packaging.version import Version

__all__ = ["DbIOManager", "LightDbtCliResource", "TableSlice", "materialize_only"]


def materialize_only(context: dg.OutputContext, partition_keys: Sequence[str]) -> None:
    """Make an output of a range run stand for some of its partitions only.

    Dagster reports a materialization for every partition of an output after it was stored. It asks
    the context which those are, and there is no public way to leave one out.
    """
    definition = context.asset_partitions_def
    context._asset_partitions_subset = definition.subset_with_partition_keys(partition_keys)


class LightDbtCliResource(DbtCliResource):
    """dbt's command line without what the library starts beside it, which takes as long as dbt itself.

    `dbt --version` is a process of three seconds; the adapter is only for row counts and column lineage,
    which are not asked for here.
    """

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        """No adapter."""
