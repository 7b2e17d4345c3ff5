"""The jobs: which assets, checks and ops are run together, and under what name."""

import dagster as dg

from sales_assets.catalog.names import (
    AIRBYTE,
    DAILY_JOB,
    DOMAIN_TAGS,
    GOLD,
    INGESTION,
    RAW_MARKETPLACE_ORDERS_KEY,
    SILVER,
)
from sales_assets.catalog.partitions import DAILY, MARKETPLACE_FILES
from sales_assets.checks import agrees_with_the_erp
from sales_assets.operations.repair.op import repair

daily_sales_pipeline = dg.define_asset_job(
    DAILY_JOB,
    selection=dg.AssetSelection.groups(INGESTION, SILVER, GOLD)
    - dg.AssetSelection.assets(RAW_MARKETPLACE_ORDERS_KEY)
    - dg.AssetSelection.checks(agrees_with_the_erp),
    partitions_def=DAILY,
    description="A business day from the ERP to the gold layer.",
    tags=DOMAIN_TAGS,
)

customers_job = dg.define_asset_job(
    "customers_job",
    selection=dg.AssetSelection.assets(
        "raw_customers", ["staging", "stg_customers"], ["gold", "dim_customers"]
    ),
    partitions_def=DAILY,
    description="A business day's customers alone, from the ERP to the gold layer.",
    tags=DOMAIN_TAGS,
)

reconciliation_job = dg.define_asset_job(
    "reconciliation_job",
    selection=dg.AssetSelection.checks(agrees_with_the_erp),
    description="Compares gold with the ERP, day by day: the days of late, or those that the config names.",
    tags=DOMAIN_TAGS,
)

airbyte_marts_job = dg.define_asset_job(
    "airbyte_marts_job",
    selection=dg.AssetSelection.groups(AIRBYTE).downstream(include_self=False)
    & dg.AssetSelection.groups(GOLD),
    description="What dbt makes of the tables that Airbyte lands.",
    tags=DOMAIN_TAGS,
)

marketplace_orders_job = dg.define_asset_job(
    "marketplace_orders_job",
    selection=dg.AssetSelection.assets(RAW_MARKETPLACE_ORDERS_KEY),
    partitions_def=MARKETPLACE_FILES,
    description="One file of a marketplace's orders.",
    tags=DOMAIN_TAGS,
)

marketplace_marts_job = dg.define_asset_job(
    "marketplace_marts_job",
    selection=dg.AssetSelection.assets(["staging", "stg_marketplace_orders"]).downstream(),
    description="The models that read the marketplaces' orders, after files of theirs have landed.",
    tags=DOMAIN_TAGS,
)


@dg.job(tags=DOMAIN_TAGS)
def repair_job() -> None:
    """Shows what is missing, failed, stale or different from the ERP; with `launch` runs what mends it."""
    repair()
