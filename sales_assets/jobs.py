"""The jobs: which assets are run together, and under what name."""

import dagster as dg

from sales_assets.partitions import DAILY, MARKETPLACE_FILES
from sales_assets.taxonomy import DOMAIN_TAGS, GOLD, INGESTION, RAW_MARKETPLACE_ORDERS, SILVER

daily_sales_pipeline = dg.define_asset_job(
    "daily_sales_pipeline",
    selection=dg.AssetSelection.groups(INGESTION, SILVER, GOLD)
    - dg.AssetSelection.assets(RAW_MARKETPLACE_ORDERS),
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

marketplace_orders_job = dg.define_asset_job(
    "marketplace_orders_job",
    selection=dg.AssetSelection.assets(RAW_MARKETPLACE_ORDERS),
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
