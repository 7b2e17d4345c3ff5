"""The jobs: which assets are run together, and under what name."""

import dagster as dg

from sales_assets.partitions import DAILY
from sales_assets.taxonomy import AIRBYTE, DOMAIN_TAGS, GOLD, INGESTION, SILVER

daily_sales_pipeline = dg.define_asset_job(
    "daily_sales_pipeline",
    selection=dg.AssetSelection.groups(INGESTION, SILVER, GOLD),
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

airbyte_marts_job = dg.define_asset_job(
    "airbyte_marts_job",
    selection=dg.AssetSelection.groups(AIRBYTE).downstream(include_self=False)
    & dg.AssetSelection.groups(GOLD),
    description="What dbt makes of the tables that Airbyte lands.",
    tags=DOMAIN_TAGS,
)
