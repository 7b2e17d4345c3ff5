"""The words that assets, jobs and tags share: a name typed twice diverges.

Groups, owners, shared asset keys and tag keys belong here; what they are attached to does not.
"""

import dagster as dg

INGESTION = "ingestion"
SILVER = "silver"
GOLD = "gold"
AIRBYTE = "airbyte"

RAW_ORDERS_KEY = dg.AssetKey("raw_orders")
"""The asset that decides whether a day has data; the others follow it."""

FCT_ORDERS_KEY = dg.AssetKey(["gold", "fct_orders"])
"""Every sale once: what gold's other tables, and the comparison with the ERP, go by."""
AIRBYTE_SNAPSHOT_CHECK = "airbyte_snapshot_is_current"
RAW_MARKETPLACE_ORDERS_KEY = dg.AssetKey("raw_marketplace_orders")
"""The asset that holds the marketplaces' files."""

ERP_POOL = "erp"
DBT_POOL = "dbt"
"""What the deployment may limit, so that a backfill does not ask more of a server than it can bear."""

DAILY_JOB = "daily_sales_pipeline"
"""The job that makes a business day, from the ERP to gold."""

OWNER = "team:data-platform"

NO_DATA_TAG = "sales/no_data"
"""On a run: how many of its days had no order at all in the ERP."""

SKIPPED_PARTITIONS = "sales/skipped_partitions"
"""Metadata of an output: the partitions of the run that it neither replaces nor materializes."""

DOMAIN_TAGS = {"domain": "sales"}
PERSONAL_DATA_TAG = "personal_data"
"""On a column: its values are shown to nobody, neither in a preview nor in an error."""
