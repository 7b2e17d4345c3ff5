"""Validated orders with what is known of their customers, one partition a business day."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_run import DailyRun
from sales_assets.catalog.column_lineage import SILVER_ENRICHED_ORDERS_SOURCES, lineage_metadata
from sales_assets.catalog.contracts import SILVER_ENRICHED_ORDERS_SCHEMA, storage_metadata
from sales_assets.catalog.names import RAW_CUSTOMERS_KEY, RAW_ORDERS_KEY, SILVER
from sales_assets.catalog.partitions import BACKFILL, DAILY
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.transforms.enrich_orders import (
    CUSTOMER_COLUMNS,
    count_matches,
    enrich,
    is_unmatched,
    validate,
)


@dg.asset(
    group_name=SILVER,
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
    retry_policy=TRANSFORMATION,
    metadata={
        **storage_metadata("silver", SILVER_ENRICHED_ORDERS_SCHEMA, "order_date"),
        **lineage_metadata(SILVER_ENRICHED_ORDERS_SOURCES),
    },
    ins={"raw_customers": dg.AssetIn(metadata={"columns": ["id", "snapshot_date", *CUSTOMER_COLUMNS]})},
    output_required=False,
)
def silver_enriched_orders(
    context: dg.AssetExecutionContext, raw_orders: pd.DataFrame, raw_customers: pd.DataFrame
) -> Iterator[dg.Output[pd.DataFrame]]:
    """Orders that passed validation, with city and segment of the customer as of the load."""
    run = DailyRun.of(context)
    orders = run.rows(raw_orders, raw_customers)
    run.skip_days_not_in(RAW_ORDERS_KEY, orders)
    customer_days = raw_customers.get("snapshot_date", orders.days)
    run.refuse_days_not_in(RAW_CUSTOMERS_KEY, customer_days, beside=RAW_ORDERS_KEY)
    joinable = raw_orders.assign(snapshot_date=orders.days) if run.is_range else raw_orders
    matches = count_matches(is_unmatched(joinable, raw_customers), orders.days, run.window.days)
    enriched = enrich(joinable, raw_customers).drop(columns="snapshot_date", errors="ignore")
    enriched = enriched.assign(business_day=orders.days)
    yield from run.emit(orders.as_frame(enriched), check=validate, metadata=matches)
