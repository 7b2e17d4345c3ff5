"""Validated orders with what is known of their customers, one partition a business day."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_run import days_without_source, stored
from sales_assets.catalog.contracts import SILVER_ENRICHED_ORDERS, stored_as
from sales_assets.catalog.names import RAW_ORDERS, SILVER
from sales_assets.catalog.partitions import BACKFILL, DAILY, day_of_row, window_of
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.transforms.enrich_orders import (
    CUSTOMER_COLUMNS,
    enrich,
    matches_by_day,
    unmatched,
    validate,
)


@dg.asset(
    group_name=SILVER,
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
    retry_policy=TRANSFORMATION,
    metadata=stored_as("silver", SILVER_ENRICHED_ORDERS, "order_date"),
    ins={"raw_customers": dg.AssetIn(metadata={"columns": ["id", "snapshot_date", *CUSTOMER_COLUMNS]})},
    output_required=False,
)
def silver_enriched_orders(
    context: dg.AssetExecutionContext, raw_orders: pd.DataFrame, raw_customers: pd.DataFrame
) -> Iterator[dg.Output[pd.DataFrame]]:
    """Orders that passed validation, with city and segment of the customer as of the load."""
    window = window_of(context)
    days = day_of_row(window, raw_orders, "order_date")
    orders = raw_orders.assign(snapshot_date=days) if len(window.days) > 1 else raw_orders
    lost = unmatched(orders, raw_customers)
    yield from stored(
        context,
        enrich(orders, raw_customers).drop(columns="snapshot_date", errors="ignore"),
        window,
        contract=SILVER_ENRICHED_ORDERS,
        days=days,
        check=validate,
        left_out=days_without_source(context, RAW_ORDERS, window, days),
        by_day=matches_by_day(lost, days, window.days),
    )
