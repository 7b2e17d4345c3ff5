"""Validated orders with what is known of their customers, one partition a business day."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sales_assets.assets.storing import stored
from sales_assets.contracts import SILVER_ENRICHED_ORDERS, stored_as
from sales_assets.partitions import BACKFILL, DAILY, day_of_row, days_without, window_of
from sales_assets.retries import TRANSFORMATION
from sales_assets.taxonomy import SILVER
from sales_assets.transforms.enrich_orders import count_unmatched, enrich, validate


@dg.asset(
    group_name=SILVER,
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
    retry_policy=TRANSFORMATION,
    metadata=stored_as("silver", SILVER_ENRICHED_ORDERS, "order_date"),
    output_required=False,
)
def silver_enriched_orders(
    context: dg.AssetExecutionContext, raw_orders: pd.DataFrame, raw_customers: pd.DataFrame
) -> Iterator[dg.Output[pd.DataFrame]]:
    """Orders that passed validation, with city and segment of the customer as of the load."""
    window = window_of(context)
    days = day_of_row(window, raw_orders, "order_date")
    orders = raw_orders.assign(snapshot_date=days) if len(window.days) > 1 else raw_orders
    enriched = enrich(orders, raw_customers).drop(columns="snapshot_date", errors="ignore")
    unmatched = count_unmatched(orders, raw_customers)
    yield from stored(
        context,
        enriched,
        window,
        contract=SILVER_ENRICHED_ORDERS,
        days=days,
        check=validate,
        left_out=_never_loaded(context, days_without(days, window)),
        metadata={"unmatched_customers": unmatched, "match_rate": 1 - unmatched / max(len(orders), 1)},
    )


def _never_loaded(context: dg.AssetExecutionContext, empty_days: list[str]) -> list[str]:
    """Those days without rows that `raw_orders` left out, rather than stored as empty."""
    if not empty_days:
        return []
    loaded = context.instance.get_materialized_partitions(dg.AssetKey("raw_orders"))
    return [day for day in empty_days if day not in loaded]
