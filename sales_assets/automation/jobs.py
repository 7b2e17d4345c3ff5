"""The jobs: which assets, checks and ops run together, and under what name."""

import dagster as dg

from sales_assets.catalog.names import (
    AIRBYTE,
    DAILY_JOB,
    DOMAIN_TAGS,
    FRESHNESS_JOB,
    GOLD,
    INGESTION,
    LAKE,
    ML,
    RAW_MARKETPLACE_ORDERS_KEY,
    SILVER,
    YESTERDAY_CHECK,
)
from sales_assets.checks import agrees_with_the_erp, layers_agree
from sales_assets.monitoring.digest.op import write_digest
from sales_assets.operations.approval.op import approve
from sales_assets.operations.lake.op import maintain_lake
from sales_assets.operations.repair.op import repair
from sales_assets.operations.retention.op import remove_old_history

_CHECKS_OF_DAYS = dg.AssetSelection.checks(YESTERDAY_CHECK) | dg.AssetSelection.checks(layers_agree)
"""The checks of `daily_sales` that a run without the ERP's days leaves out."""

daily_sales_pipeline = dg.define_asset_job(
    DAILY_JOB,
    selection=dg.AssetSelection.groups(INGESTION, SILVER, GOLD)
    - dg.AssetSelection.assets(RAW_MARKETPLACE_ORDERS_KEY)
    - dg.AssetSelection.checks(agrees_with_the_erp)
    - dg.AssetSelection.checks(YESTERDAY_CHECK),
    description=(
        "Builds business days from the ERP to gold. `sales_pipeline_schedule` runs it daily at 05:00, and "
        "`erp_late_changes_sensor` after changes in the ERP. If it fails, the failed days keep their rows: "
        "fix the cause, then run `make repair`, or let the next morning's run include them."
    ),
    tags=DOMAIN_TAGS,
)

customers_job = dg.define_asset_job(
    "customers_job",
    selection=dg.AssetSelection.assets(
        "raw_customers", ["staging", "stg_customers"], ["gold", "dim_customers"]
    ),
    description=(
        "Builds only the customers of business days, from the ERP to gold. It runs when you launch it. If it "
        "fails, stored customers are kept: fix the cause and launch it again."
    ),
    tags=DOMAIN_TAGS,
)

reconciliation_job = dg.define_asset_job(
    "reconciliation_job",
    selection=dg.AssetSelection.checks(agrees_with_the_erp),
    description=(
        "Reconciles gold with the ERP per day: the look-back by default, or the days in the config. "
        "`reconciliation_schedule` runs it daily at 06:00. If days differ, run `make repair` for a plan that "
        "fixes them."
    ),
    tags=DOMAIN_TAGS,
)

freshness_job = dg.define_asset_job(
    FRESHNESS_JOB,
    selection=dg.AssetSelection.checks(YESTERDAY_CHECK),
    description=(
        "Checks that yesterday, or the day in the config, is in every mart and as in the ERP. "
        "`freshness_schedule` runs it daily at 08:00, and hourly until it passes. If the day is not "
        "complete, the check says what is missing: fix the cause of its run, then run `make repair RUN=1`."
    ),
    tags=DOMAIN_TAGS,
)

ml_pipeline_job = dg.define_asset_job(
    "ml_pipeline_job",
    selection=dg.AssetSelection.groups(ML),
    description=(
        "Trains and publishes what forecasts sales. `ml_weekly_schedule` runs it on Mondays at 06:30. If it "
        "fails, the last published model and its forecasts are kept: the check that failed says why."
    ),
    tags=DOMAIN_TAGS,
)

airbyte_marts_job = dg.define_asset_job(
    "airbyte_marts_job",
    selection=dg.AssetSelection.groups(AIRBYTE).downstream(include_self=False)
    & dg.AssetSelection.groups(GOLD) - _CHECKS_OF_DAYS,
    description=(
        "Rebuilds the dbt models that read Airbyte's tables. `airbyte_sync_sensor` runs it after syncs that "
        "Airbyte started. If it fails, the models keep their rows: fix the cause and launch it again."
    ),
    tags=DOMAIN_TAGS,
)

marketplace_orders_job = dg.define_asset_job(
    "marketplace_orders_job",
    selection=dg.AssetSelection.assets(RAW_MARKETPLACE_ORDERS_KEY),
    description=(
        "Loads one marketplace file. `s3_new_file_sensor` runs it for each new version of a file. If it "
        "fails, the rows of the previous version are kept: fix the cause, or upload a corrected file."
    ),
    tags=DOMAIN_TAGS,
)

marketplace_marts_job = dg.define_asset_job(
    "marketplace_marts_job",
    selection=dg.AssetSelection.assets(["staging", "stg_marketplace_orders"]).downstream()
    & dg.AssetSelection.groups(GOLD) - _CHECKS_OF_DAYS,
    description=(
        "Rebuilds the dbt models that read marketplace orders. `s3_new_file_sensor` runs it after files have "
        "landed. If it fails, the models keep their rows: fix the cause and launch it again."
    ),
    tags=DOMAIN_TAGS,
)


@dg.job(tags=DOMAIN_TAGS)
def digest_job() -> None:
    """Writes the morning's digest: yesterday's sales by channel, anomalies, days that were stored again.

    `digest_schedule` runs it daily at 08:15, and `alerts_sensor` tells it with what failed or is late, once
    for each day. If it fails, fix the cause and launch it again.
    """
    write_digest()


@dg.job(tags=DOMAIN_TAGS)
def repair_job() -> None:
    """Lists partitions that are missing, failed, stale or different from the ERP, and plans their repair.

    It runs when you launch it; `launch: true` also runs the plan. If it fails, its log shows the failed days
    and the reasons: fix the cause and launch it again.
    """
    repair()


@dg.job(tags=DOMAIN_TAGS)
def retention_job() -> None:
    """Lists history older than `SALES_RETENTION_DAYS` that nothing reads any more; `remove: true` removes it.

    That is runs with their events and logs, records of backfills, and files; what the catalog shows stays.
    `retention_schedule` runs it on Sundays at 03:00 and removes. If it fails, the catalog is as it was: fix
    the cause and launch it again.
    """
    remove_old_history()


@dg.job(tags=DOMAIN_TAGS)
def approve_job() -> None:
    """Approves what was held back, the restatement of a closed month or a model, and publishes it.

    It runs when you launch it, with who approves what and why. If it fails, its log says whether the approval
    was recorded: fix the cause, then launch `repair_job` for a month.
    """
    approve()


lake_job = dg.define_asset_job(
    "lake_job",
    selection=dg.AssetSelection.groups(LAKE),
    description=(
        "Publishes business days of gold to the lake. `lake_schedule` runs it every hour for what gold "
        "stored since; gold does not wait for it. If it fails, readers of the lake keep the days that were "
        "published before: fix the cause and launch it again."
    ),
    tags=DOMAIN_TAGS,
)


@dg.job(tags=DOMAIN_TAGS)
def lake_maintenance_job() -> None:
    """Compacts the lake's files, expires old snapshots and removes files that no snapshot names.

    `lake_maintenance_schedule` runs it on Sundays at 04:00. If it fails, the tables' latest rows are as they
    were: fix the cause and launch it again.
    """
    maintain_lake()


LAKE_JOBS = (lake_job, lake_maintenance_job)
