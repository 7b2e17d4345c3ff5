"""The ERP's customers that matter to a business day, one partition a day."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import dagster as dg

from sales_assets.assets._daily_output import emit_days, prepare_days
from sales_assets.assets._daily_run import DailyRun
from sales_assets.assets._large_days import LargeDayRules, prepare_large_day
from sales_assets.catalog.column_lineage import RAW_CUSTOMERS_SOURCES, lineage_metadata
from sales_assets.catalog.contracts import RAW_CUSTOMERS_SCHEMA, storage_metadata
from sales_assets.catalog.names import ERP_POOL, INGESTION
from sales_assets.catalog.partitions import BACKFILL, DAILY, Window
from sales_assets.catalog.policies import EXTRACTION
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.columns import refuse_changed_columns
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.sources.erp.row_counts import count_rows_by_day
from sales_assets.transforms.customers import is_customer_faulty, refuse_unstorable_customers
from sales_assets.transforms.spooled_rows import SpooledRows
from sales_assets.warehouse.misfits import is_misfit
from sales_assets.warehouse.partition_groups import PartitionGroup


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
) -> Iterator[dg.Output[Any]]:
    """Customers that changed on the day or placed an order on it, as the ERP shows them when it is loaded."""
    refuse_changed_columns(postgres_erp)
    yield from emit_days(
        DailyRun.of(context),
        lambda days: _extract_customers(days, postgres_erp),
        partial(count_rows_by_day, postgres_erp),
    )


def _extract_customers(days: DailyRun, erp: PostgresResource) -> PartitionGroup | None:
    parameters = _list_parameters(days.window)
    if days.is_large:
        return _extract_large_day(days, erp.spool_query(queries.RAW_CUSTOMERS_SQL, parameters))
    customers = days.rows(erp.execute_query(queries.RAW_CUSTOMERS_SQL, parameters))
    if days.next_window:
        erp.begin_query(queries.RAW_CUSTOMERS_SQL, _list_parameters(days.next_window))
    return prepare_days(days, customers, check=refuse_unstorable_customers)


def _list_parameters(window: Window) -> list[Any]:
    return [*window.bounds, window.day_bounds, list(window.days)]


def _extract_large_day(run: DailyRun, spooled: SpooledRows) -> PartitionGroup | None:
    repeated = spooled.find_repeated("id")
    rules = LargeDayRules(
        choose=lambda customers: (customers, {}),
        is_faulty=lambda customers: (
            is_customer_faulty(customers.frame, repeated) | is_misfit(customers.frame, run.contract)
        ),
        check=refuse_unstorable_customers,
    )
    return prepare_large_day(run, spooled, rules)
