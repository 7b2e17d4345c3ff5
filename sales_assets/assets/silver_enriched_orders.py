"""Validated orders with what is known of their customers, one partition a business day."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_output import emit_days, prepare_days
from sales_assets.assets._daily_rows import DailyRows
from sales_assets.assets._daily_run import DailyRun
from sales_assets.assets._large_days import Counts, LargeDayRules, prepare_large_day
from sales_assets.catalog.column_lineage import SILVER_ENRICHED_ORDERS_SOURCES, lineage_metadata
from sales_assets.catalog.contracts import SILVER_ENRICHED_ORDERS_SCHEMA, storage_metadata
from sales_assets.catalog.names import RAW_CUSTOMERS_KEY, RAW_ORDERS_KEY, SILVER
from sales_assets.catalog.partitions import BACKFILL, DAILY
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.transforms.amounts import has_negative_amounts
from sales_assets.transforms.enrich_orders import (
    CUSTOMER_COLUMNS,
    count_matches,
    enrich,
    validate,
)
from sales_assets.transforms.spooled_rows import SpooledRows, as_frame
from sales_assets.warehouse.misfits import is_misfit
from sales_assets.warehouse.partition_groups import (
    READ_IN_GROUPS,
    PartitionGroup,
    StoredRows,
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
    raw_orders: StoredRows,
    raw_customers: StoredRows,
) -> Iterator[dg.Output[Any]]:
    """Orders that passed validation, with city and segment of the customer as of the load."""
    yield from emit_days(
        DailyRun.of(context),
        lambda days: _enrich_days(days, days.read(raw_orders), as_frame(days.read(raw_customers))),
        lambda _: count_stored_rows(raw_orders),
    )


def _enrich_days(
    days: DailyRun, raw_orders: pd.DataFrame | SpooledRows, raw_customers: pd.DataFrame
) -> PartitionGroup | None:
    if isinstance(raw_orders, SpooledRows):
        return _enrich_large_day(days, raw_orders, raw_customers)
    orders = days.rows(raw_orders, raw_customers)
    _find_days(days, orders, raw_customers)
    joinable = raw_orders.assign(snapshot_date=orders.days) if days.is_range else raw_orders
    enriched, is_lost = enrich(joinable, raw_customers)
    matches = count_matches(is_lost, orders.days, days.window.days)
    enriched = enriched.drop(columns="snapshot_date", errors="ignore").assign(business_day=orders.days)
    return prepare_days(days, orders.as_frame(enriched), check=validate, metadata=matches)


def _find_days(days: DailyRun, orders: DailyRows, raw_customers: pd.DataFrame) -> None:
    """Find the days that are skipped or refused because their sources were."""
    days.skip_days_not_in(RAW_ORDERS_KEY, orders)
    customer_days = raw_customers.get("snapshot_date", orders.days)
    days.refuse_days_not_in(RAW_CUSTOMERS_KEY, customer_days, beside=RAW_ORDERS_KEY)


def _enrich_large_day(
    run: DailyRun, spooled: SpooledRows, raw_customers: pd.DataFrame
) -> PartitionGroup | None:
    _find_days(run, run.rows(next(iter(spooled)), raw_customers), raw_customers)
    customers = raw_customers.drop(columns="snapshot_date")
    repeated = spooled.find_repeated("order_id")

    def choose(orders: DailyRows) -> tuple[DailyRows, Counts]:
        enriched, is_lost = enrich(orders.frame, customers)
        rows = orders.as_frame(enriched.assign(business_day=orders.days))
        return rows, {"unmatched_customers": int(is_lost.sum())}

    rules = LargeDayRules(
        choose=choose,
        is_faulty=lambda orders: (
            has_negative_amounts(orders.frame)
            | orders.frame["order_id"].isin(repeated)
            | is_misfit(orders.frame, run.contract)
        ),
        check=validate,
        beside=[raw_customers],
        complete=lambda counts, rows: {**counts, "match_rate": 1 - counts["unmatched_customers"] / rows},
    )
    return prepare_large_day(run, spooled, rules)
