"""The daily job on an ERP and a warehouse of a test's own, and what it stored."""

import os
from copy import copy
from typing import Any
from unittest.mock import patch

import dagster as dg
import pandas as pd

from sales_assets.automation.jobs import daily_sales_pipeline
from sales_assets.catalog.names import DAILY_JOB, SALES_ANOMALIES_KEY
from sales_assets.definitions import build_definitions
from sales_assets.settings import Settings
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets_tests.support.erp import Erp

RANGE = {
    "dagster/asset_partition_range_start": "2025-01-14",
    "dagster/asset_partition_range_end": "2025-01-17",
}
DAYS = ["2025-01-14", "2025-01-15", "2025-01-16", "2025-01-17"]
ORDER_TABLES = {
    "raw.raw_orders": "cast(order_date as date)",
    "silver.silver_enriched_orders": "cast(order_date as date)",
    "gold.fct_orders": "order_date",
}
TO_ANOMALIES = dg.AssetSelection.assets(SALES_ANOMALIES_KEY).upstream() & daily_sales_pipeline.selection
"""A quarter of the daily job's models, for tests of how days are run: a chain from the ERP to two marts."""


def build_daily_job(
    settings: Settings, part: dg.AssetSelection | None = None
) -> tuple[dg.Definitions, dg.JobDefinition]:
    """The definitions with the daily job, or with a job of a part of it; and that job."""
    definitions, job = build_definitions(settings), DAILY_JOB
    if part is not None:
        job = "part_of_the_daily_job"
        added = dg.Definitions(jobs=[dg.define_asset_job(job, part)])
        definitions = dg.Definitions.merge(definitions, added)
    return definitions, definitions.resolve_job_def(job)


class Pipeline:
    """The job `daily_sales_pipeline`, or a part of it, on an ERP and a warehouse of its own."""

    def __init__(self, erp: Erp, settings: Settings, part: dg.AssetSelection | None = None):
        self.erp = erp
        self.settings = settings
        self.instance = dg.DagsterInstance.ephemeral()
        self.warehouse = DuckDBWarehouse(database=str(settings.duckdb_path))
        self.definitions, self.job = build_daily_job(settings, part)

    def run(self, **options: Any) -> dg.ExecuteInProcessResult:
        """Run the job; for a range unless a partition key is given."""
        if "partition_key" not in options:
            options.setdefault("tags", RANGE)
        with patch.dict(os.environ, {"ERP_POSTGRES_URL": self.erp.url}):
            return self.job.execute_in_process(instance=self.instance, raise_on_error=False, **options)

    def with_new_history(self) -> "Pipeline":
        """The same ERP, warehouse and job, on a Dagster instance of its own."""
        pipeline = copy(self)
        pipeline.instance = dg.DagsterInstance.ephemeral()
        return pipeline

    def totals(self, day: str) -> dict[str, tuple[int, str | None]]:
        """Count and exact sum of a day's orders in each table."""
        figures = "sum(total_amount)::decimal(38,4)::varchar"
        queries = {
            table: f"select count(*), {figures} from {table} where {column} = ?"
            for table, column in ORDER_TABLES.items()
        }
        queries["gold.daily_sales"] = (
            f"select coalesce(sum(order_count), 0)::bigint, {figures} from gold.daily_sales "
            "where order_date = ? and channel = 'erp'"
        )
        with self.warehouse.connect() as reader:
            rows = {table: reader.query(query, [day]).iloc[0] for table, query in queries.items()}
        return {
            table: (int(row.iloc[0]), None if pd.isna(row.iloc[1]) else row.iloc[1])
            for table, row in rows.items()
        }
