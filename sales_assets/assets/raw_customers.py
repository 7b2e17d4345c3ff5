"""The ERP's customers that matter to a business day, one partition a day."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_run import stored
from sales_assets.catalog.contracts import RAW_CUSTOMERS, stored_as
from sales_assets.catalog.names import ERP_POOL, INGESTION
from sales_assets.catalog.partitions import BACKFILL, DAILY, day_of_row, window_of
from sales_assets.catalog.policies import EXTRACTION
from sales_assets.settings import settings
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.transforms.enrich_orders import refuse_duplicate_customers


@dg.asset(
    group_name=INGESTION,
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
    retry_policy=EXTRACTION,
    metadata=stored_as("raw", RAW_CUSTOMERS, "snapshot_date"),
    kinds={"postgres"},
    pool=ERP_POOL,
    output_required=False,
)
def raw_customers(
    context: dg.AssetExecutionContext, postgres_erp: PostgresResource
) -> Iterator[dg.Output[pd.DataFrame]]:
    """Customers that changed on the day or placed an order on it, as the ERP shows them when it is loaded."""
    window = window_of(context)
    parameters = [window.start, window.end, settings().timezone]
    customers = postgres_erp.execute_query(queries.RAW_CUSTOMERS, parameters)
    days = day_of_row(window, customers, "snapshot_date", is_date=True)
    check = refuse_duplicate_customers
    yield from stored(context, customers, window, contract=RAW_CUSTOMERS, days=days, check=check)
