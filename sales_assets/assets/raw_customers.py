"""The ERP's customers that matter to a business day, one partition a day."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_run import DailyRun
from sales_assets.catalog.column_lineage import RAW_CUSTOMERS_SOURCES, lineage_metadata
from sales_assets.catalog.contracts import RAW_CUSTOMERS_SCHEMA, storage_metadata
from sales_assets.catalog.names import ERP_POOL, INGESTION
from sales_assets.catalog.partitions import BACKFILL, DAILY
from sales_assets.catalog.policies import EXTRACTION
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.columns import refuse_changed_columns
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.transforms.customers import refuse_unstorable_customers


@dg.asset(
    group_name=INGESTION,
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
    retry_policy=EXTRACTION,
    metadata={
        **storage_metadata("raw", RAW_CUSTOMERS_SCHEMA, "snapshot_date"),
        **lineage_metadata(RAW_CUSTOMERS_SOURCES),
    },
    kinds={"postgres"},
    pool=ERP_POOL,
    output_required=False,
)
def raw_customers(
    context: dg.AssetExecutionContext, postgres_erp: PostgresResource
) -> Iterator[dg.Output[pd.DataFrame]]:
    """Customers that changed on the day or placed an order on it, as the ERP shows them when it is loaded."""
    run = DailyRun.of(context)
    refuse_changed_columns(postgres_erp)
    parameters = [*run.window.bounds, run.window.day_bounds, list(run.window.days)]
    customers = run.rows(postgres_erp.execute_query(queries.RAW_CUSTOMERS_SQL, parameters))
    yield from run.emit(customers, check=refuse_unstorable_customers)
