"""What was known of each customer at the end of a week, one partition a week."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from pydantic import Field

from sales_assets.assets._weekly_run import WeeklyRun
from sales_assets.catalog.column_lineage import CUSTOMER_FEATURES_SOURCES, lineage_metadata
from sales_assets.catalog.contracts import CUSTOMER_FEATURES_SCHEMA, storage_metadata
from sales_assets.catalog.names import FCT_ORDERS_KEY, ML, SKIPPED_PARTITIONS
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.catalog.weeks import WEEKLY, WEEKS_IN_ONE_RUN
from sales_assets.ml.features import compute_features, count_orders_changed_since
from sales_assets.warehouse.engine import WarehouseReader


class CustomerFeaturesConfig(dg.Config):
    """What a run of `customer_features` may choose."""

    recompute: bool = Field(
        default=False,
        description="Compute weeks that are stored already anew, from what gold knows of them today.",
    )


@dg.asset(
    group_name=ML,
    partitions_def=WEEKLY,
    backfill_policy=WEEKS_IN_ONE_RUN,
    retry_policy=TRANSFORMATION,
    metadata={
        **storage_metadata("ml", CUSTOMER_FEATURES_SCHEMA, "week"),
        **lineage_metadata(CUSTOMER_FEATURES_SOURCES),
    },
    deps=[FCT_ORDERS_KEY],
)
def customer_features(
    context: dg.AssetExecutionContext,
    config: CustomerFeaturesConfig,
    warehouse: dg.ResourceParam[WarehouseReader],
) -> Iterator[dg.Output[Any] | dg.MaterializeResult[Any]]:
    """Recency, frequency and monetary value of each customer, as they were known when the week ended.

    A week is computed once and then kept, because what an order was before a later change is not stored.
    """
    run = WeeklyRun.of(context)
    stored = set() if config.recompute else run.find_stored(warehouse)
    run.refuse_weeks_without_days(FCT_ORDERS_KEY, kept=stored)
    kept = [week.key for week in run.weeks if week.key in stored]
    frames = []
    for week in run.weeks:
        if week.key in stored:
            run.report(week, {"kept": True})
            continue
        with warehouse.connect() as reader:
            frames.append(compute_features(reader, week))
            changed = count_orders_changed_since(reader, week)
        run.report(week, {"customers": len(frames[-1]), "kept": False, "orders_changed_since": changed})
    if frames:
        yield dg.Output(iter(frames), metadata={SKIPPED_PARTITIONS: kept} if kept else {})
    else:
        yield dg.MaterializeResult()  # nothing is written, and what reads the week may run
