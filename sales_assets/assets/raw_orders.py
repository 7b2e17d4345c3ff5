"""The ERP's orders, one partition a business day."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd
from pydantic import Field

from sales_assets.assets._daily_run import note_no_data, stored
from sales_assets.catalog.contracts import RAW_ORDERS, stored_as
from sales_assets.catalog.names import ERP_POOL, INGESTION
from sales_assets.catalog.partitions import BACKFILL, DAILY, day_of_row, days_without, window_of
from sales_assets.catalog.policies import EXTRACTION
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.transforms.amounts import refuse_unstorable_amounts
from sales_assets.transforms.select_orders import SALES_STATUSES, left_out_by_day, select_orders


class RawOrdersConfig(dg.Config):
    """What a run of `raw_orders` may choose."""

    statuses: list[str] = Field(
        default=[*SALES_STATUSES], description="The order statuses that count as sales."
    )
    allow_empty: bool = Field(
        default=False, description="Store a day without any order as empty, instead of leaving it as it is."
    )


@dg.asset(
    group_name=INGESTION,
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
    retry_policy=EXTRACTION,
    metadata=stored_as("raw", RAW_ORDERS, "order_date"),
    kinds={"postgres"},
    pool=ERP_POOL,
    output_required=False,
)
def raw_orders(
    context: dg.AssetExecutionContext, config: RawOrdersConfig, postgres_erp: PostgresResource
) -> Iterator[dg.Output[pd.DataFrame]]:
    """Orders placed on the day that count as sales, with their amounts in the ERP's currency."""
    window = window_of(context)
    extracted = postgres_erp.execute_query(queries.RAW_ORDERS, [window.start, window.end])
    days = day_of_row(window, extracted, "order_date")
    left_out = left_out_by_day(extracted, days, config.statuses)
    no_data = [] if config.allow_empty else days_without(days, window)
    note_no_data(context, no_data)
    orders = select_orders(extracted, config.statuses)
    del extracted
    yield from stored(
        context,
        orders,
        window,
        contract=RAW_ORDERS,
        days=days[orders.index],
        left_out=no_data,
        check=refuse_unstorable_amounts,
        by_day=left_out,
    )
