"""The ERP's orders, one partition a business day."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from sales_assets.assets._daily_output import emit_days, prepare_days
from sales_assets.assets._daily_rows import DailyRows
from sales_assets.assets._daily_run import DailyRun
from sales_assets.assets._large_days import Counts, LargeDayRules, prepare_large_day
from sales_assets.assets._rejections import add_rejected, is_order_faulty, reject_orders
from sales_assets.catalog.column_lineage import RAW_ORDERS_SOURCES, lineage_metadata
from sales_assets.catalog.contracts import RAW_ORDERS_SCHEMA, storage_metadata
from sales_assets.catalog.names import CHOSEN_STATUSES, ERP_POOL, INGESTION, REJECTED_TABLE
from sales_assets.catalog.partitions import BACKFILL, DAILY
from sales_assets.catalog.policies import EXTRACTION
from sales_assets.settings import settings
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.columns import refuse_changed_columns
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.sources.erp.row_counts import count_rows_by_day
from sales_assets.transforms.extracted_orders import (
    INCOMPLETE_ITEMS,
    count_incomplete_items,
    is_listed_twice,
    refuse_unstorable_orders,
)
from sales_assets.transforms.select_orders import SALES_STATUSES, count_excluded, is_sale
from sales_assets.warehouse.partition_groups import PartitionGroup


class RawOrdersConfig(dg.Config):
    """What a run of `raw_orders` may choose."""

    statuses: list[str] = Field(
        default=[*SALES_STATUSES],
        description="The order statuses that count as sales on the run's days, until these are loaded again.",
    )
    allow_empty: bool = Field(
        default=False, description="Store a day without any order as empty, instead of keeping its rows."
    )
    max_rejected_share: float = Field(
        default=settings().max_rejected_share,
        ge=0,
        le=1,
        description="Up to which share of its orders a day is stored without those that fail validation.",
    )


def find_choice(config: RawOrdersConfig) -> dict[str, list[str]]:
    """The metadata of a run that chose other statuses; the comparison with the ERP reads it."""
    is_usual = set(config.statuses) == set(SALES_STATUSES)
    return {} if is_usual else {CHOSEN_STATUSES: sorted(config.statuses)}


@dg.asset(
    group_name=INGESTION,
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
    retry_policy=EXTRACTION,
    metadata={
        **storage_metadata("raw", RAW_ORDERS_SCHEMA, "order_date"),
        **lineage_metadata(RAW_ORDERS_SOURCES),
        REJECTED_TABLE: "rejected_orders",
    },
    kinds={"postgres"},
    pool=ERP_POOL,
    output_required=False,
)
def raw_orders(
    context: dg.AssetExecutionContext, config: RawOrdersConfig, postgres_erp: PostgresResource
) -> Iterator[dg.Output[Any]]:
    """Orders placed on the day that count as sales, with their amounts in the ERP's currency."""
    refuse_changed_columns(postgres_erp)
    yield from emit_days(
        DailyRun.of(context),
        lambda days: _extract_orders(days, config, postgres_erp),
        partial(count_rows_by_day, postgres_erp),
    )


def _extract_orders(days: DailyRun, config: RawOrdersConfig, erp: PostgresResource) -> PartitionGroup | None:
    if days.is_large:
        return _extract_large_day(days, config, erp)
    orders = days.rows(erp.execute_query(queries.RAW_ORDERS_SQL, [*days.window.bounds]))
    if days.next_window:
        erp.begin_query(queries.RAW_ORDERS_SQL, [*days.next_window.bounds])
    _skip_empty_days(days, orders, config)
    orders, counts = _choose_orders(orders, is_listed_twice(orders.frame, orders.days), config)
    orders = reject_orders(days, orders, config.statuses, config.max_rejected_share)
    return prepare_days(days, orders, check=refuse_unstorable_orders, metadata=add_rejected(counts, days))


def _extract_large_day(
    run: DailyRun, config: RawOrdersConfig, erp: PostgresResource
) -> PartitionGroup | None:
    spooled = erp.spool_query(queries.RAW_ORDERS_SQL, [*run.window.bounds])
    _skip_empty_days(run, run.rows(next(iter(spooled))), config)
    repeated = spooled.find_repeated("order_id")
    day = pd.Timestamp(run.window.days[0])

    def choose(orders: DailyRows) -> tuple[DailyRows, Counts]:
        chosen, counts = _choose_orders(orders, orders.frame["order_id"].isin(repeated), config)
        return chosen, counts.get(day, {})

    share = config.max_rejected_share
    rules = LargeDayRules(
        choose=choose,
        is_faulty=lambda orders: is_order_faulty(orders, repeated, run.contract, rejecting=share > 0),
        check=refuse_unstorable_orders,
        reject=(lambda lost, n: reject_orders(run, lost, config.statuses, share, n)) if share else None,
        complete=lambda counts, _: add_rejected({day: counts}, run)[day],
    )
    return prepare_large_day(run, spooled, rules)


def _skip_empty_days(run: DailyRun, orders: DailyRows, config: RawOrdersConfig) -> None:
    if not config.allow_empty:
        run.skip_empty_days(orders, because="The ERP returned no orders")


def _choose_orders(
    orders: DailyRows, listed_twice: pd.Series, config: RawOrdersConfig
) -> tuple[DailyRows, dict[pd.Timestamp, dict[str, Any]]]:
    """The orders that count as sales, and what to report of each day."""
    excluded = count_excluded(orders.frame, orders.days, config.statuses)
    # An order that is listed twice is kept whatever its status, so that the check refuses it.
    orders = orders.where(is_sale(orders.frame, config.statuses) | listed_twice)
    incomplete = count_incomplete_items(orders.frame, orders.days)
    counts = {
        day: {**of_day, INCOMPLETE_ITEMS: incomplete.get(day, 0), **find_choice(config)}
        for day, of_day in excluded.items()
    }
    return orders.as_frame(orders.frame.drop(columns=INCOMPLETE_ITEMS, errors="ignore")), counts
