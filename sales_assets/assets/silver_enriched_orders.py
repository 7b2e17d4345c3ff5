"""Validated orders with what is known of their customers, one partition a business day."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_output import emit_days, prepare_days
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
from sales_assets.warehouse.partition_groups import (
    READ_IN_GROUPS,
    PartitionGroup,
    StoredPartitions,
    count_stored_rows,
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
    ins={
        "raw_orders": dg.AssetIn(metadata={READ_IN_GROUPS: True}, dagster_type=dg.Any),
        "raw_customers": dg.AssetIn(
            metadata={READ_IN_GROUPS: True, "columns": ["id", "snapshot_date", *CUSTOMER_COLUMNS]},
            dagster_type=dg.Any,
        ),
    },
    output_required=False,
)
def silver_enriched_orders(
    context: dg.AssetExecutionContext,
    raw_orders: pd.DataFrame | StoredPartitions,
    raw_customers: pd.DataFrame | StoredPartitions,
) -> Iterator[dg.Output[Any]]:
    """Orders that passed validation, with city and segment of the customer as of the load."""
    yield from emit_days(
        DailyRun.of(context),
        lambda days: _enrich_days(days, days.read(raw_orders), days.read(raw_customers)),
        lambda _: count_stored_rows(raw_orders),
    )


def _enrich_days(
    days: DailyRun, raw_orders: pd.DataFrame, raw_customers: pd.DataFrame
) -> PartitionGroup | None:
    orders = days.rows(raw_orders, raw_customers)
    days.skip_days_not_in(RAW_ORDERS_KEY, orders)
    customer_days = raw_customers.get("snapshot_date", orders.days)
    days.refuse_days_not_in(RAW_CUSTOMERS_KEY, customer_days, beside=RAW_ORDERS_KEY)
    joinable = raw_orders.assign(snapshot_date=orders.days) if days.is_range else raw_orders
    matches = count_matches(is_unmatched(joinable, raw_customers), orders.days, days.window.days)
    enriched = enrich(joinable, raw_customers).drop(columns="snapshot_date", errors="ignore")
    enriched = enriched.assign(business_day=orders.days)
    return prepare_days(days, orders.as_frame(enriched), check=validate, metadata=matches)
