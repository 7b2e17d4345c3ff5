"""The same assets with the stock IO manager and the stock dagster-dbt, as Dagster's documentation shows them.

`python bench/stock.py FIRST LAST` runs a range in this process. `dagster asset materialize` loads this module
for its definitions. The dbt project is a copy without contracts, because the stock IO manager stores money as
floating point.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets
from dagster_duckdb_pandas import DuckDBPandasIOManager

from sales_assets import assets
from sales_assets.catalog import day_groups
from sales_assets.catalog.partitions import BACKFILL, DAILY, window_of
from sales_assets.dbt.project import PROJECT_DIR, build_dbt_environment, find_dbt
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.settings import exported, settings
from sales_assets.sources.erp.postgres import PostgresResource

PROJECT = DbtProject(project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target="duckdb")
PYTHON_ASSETS = [assets.raw_orders, assets.raw_customers, assets.silver_enriched_orders]

day_groups.ROWS_PER_GROUP = sys.maxsize  # the stock IO manager stores a range at once


class StockTranslator(DagsterDbtTranslator):
    """The stock translator, with the same partitions."""

    def get_partitions_def(
        self, dbt_resource_props: Mapping[str, Any]
    ) -> dg.PartitionsDefinition[str] | None:
        """Return daily partitions for a model with the tag `daily`, None for other models."""
        return DAILY if "daily" in dbt_resource_props.get("tags", []) else None


@dbt_assets(
    manifest=PROJECT.manifest_path,
    project=PROJECT,
    dagster_dbt_translator=StockTranslator(),
    backfill_policy=BACKFILL,
)
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Run dbt as dagster-dbt does: in its own process."""
    start, end = window_of(context).dates
    variables = f"{{start_date: '{start}', end_date: '{end}'}}"
    with exported(build_dbt_environment(settings())):
        command = ["build", "--exclude-resource-type", "unit_test", "--vars", variables]
        yield from dbt.cli(command, context=context).stream()


defs = dg.Definitions(
    assets=[*PYTHON_ASSETS, dbt_models],
    resources={
        "postgres_erp": PostgresResource(url=dg.EnvVar("ERP_POSTGRES_URL")),
        "io_manager": DuckDBPandasIOManager(database=os.fspath(settings().duckdb_path)),
        "dbt": DbtCliResource(project_dir=PROJECT, dbt_executable=find_dbt()),
    },
)


def main(first: str, last: str) -> int:
    """Run a range of days in this process, recorded in SQLite as on a laptop."""
    job = defs.resolve_implicit_global_asset_job_def()
    home = os.fspath(Path(settings().duckdb_path).parent)
    with dg.DagsterInstance.local_temp(home) as instance:
        return 0 if job.execute_in_process(instance=instance, tags=range_tags(first, last)).success else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
