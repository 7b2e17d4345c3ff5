"""How probable it is that each customer does not come back, one partition a week."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from sales_assets.assets._churn_reports import (
    build_result,
    build_scores,
    note_scoring,
    record_scoring,
    report_too_little_history,
)
from sales_assets.assets._weekly_run import WeeklyRun
from sales_assets.catalog.column_lineage import CHURN_SCORES_SOURCES, lineage_metadata
from sales_assets.catalog.contracts import CHURN_SCORES_SCHEMA, storage_metadata
from sales_assets.catalog.names import CHURN_CHECK, CUSTOMER_FEATURES_KEY, FCT_ORDERS_KEY, ML
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.catalog.weeks import WEEKLY, WEEKS_IN_ONE_RUN
from sales_assets.ml.churn.examples import choose_churn_weeks
from sales_assets.ml.churn.training import score_week
from sales_assets.ml.mlflow_mirror import mirror_model
from sales_assets.ml.packages import require_ml_packages
from sales_assets.settings import settings
from sales_assets.warehouse.engine import WarehouseReader

_CHECK = dg.AssetCheckSpec(
    CHURN_CHECK.name,
    asset=CHURN_CHECK.asset_key,
    blocking=True,
    description=(
        "On a later week than it learned from, the model beats the base rate and recency alone by AUC and "
        "Brier score, by more than chance, and its scores are plausible. If it fails, the week's scores are "
        "not stored and those of the weeks before stay. The table says in what it is not better; noise needs "
        "nothing, what is too good may know the future. To publish it all the same, use `sales-assets "
        "approve customer_churn_scores --why …` or `approve_job`, then run the week again."
    ),
)


@dg.asset(
    group_name=ML,
    partitions_def=WEEKLY,
    backfill_policy=WEEKS_IN_ONE_RUN,
    retry_policy=TRANSFORMATION,
    metadata={
        **storage_metadata("ml", CHURN_SCORES_SCHEMA, "week"),
        **lineage_metadata(CHURN_SCORES_SOURCES),
    },
    kinds={"scikitlearn"},
    deps=[CUSTOMER_FEATURES_KEY, FCT_ORDERS_KEY],
    check_specs=[_CHECK],
    output_required=False,
)
def customer_churn_scores(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[WarehouseReader]
) -> Iterator[dg.Output[Any] | dg.AssetCheckResult]:
    """The probability that a customer does not order in the 90 days after the week; in a range, the last."""
    require_ml_packages("customer_churn_scores")
    run = WeeklyRun.of(context)
    stored = run.require_features(warehouse)
    weeks = choose_churn_weeks(run.weeks[-1], stored)
    if weeks is None:
        yield report_too_little_history(run.weeks[-1])
        return
    run.refuse_days_without(FCT_ORDERS_KEY, *weeks.outcome_days)
    scoring = score_week(warehouse, run.weeks[-1], weeks)
    if scoring:
        mirror_model(record_scoring(scoring), settings())
    is_held_back = note_scoring(context.instance, scoring)
    yield build_result(scoring, is_held_back=is_held_back)
    if scoring and not is_held_back:
        yield build_scores(scoring, run.weeks)
