"""The names that assets, jobs, checks and tags share, as constants: a name that is typed twice diverges.

Groups, owners, pools, tag keys and the asset keys that more than one module needs belong here.
"""

import dagster as dg

LOCATION = "sales_assets"
"""The name of this code location in each `workspace.yaml`."""

INGESTION = "ingestion"
SILVER = "silver"
GOLD = "gold"
AIRBYTE = "airbyte"
REPORTS = "reports"
LAKE = "lake"
ML = "ml"
"""The asset groups. `GOLD` includes dbt's staging models; `ML` is what `ml_pipeline_job` builds."""

RAW_ORDERS_KEY = dg.AssetKey("raw_orders")
"""The asset that decides whether a day has data; downstream assets follow it."""

RAW_CUSTOMERS_KEY = dg.AssetKey("raw_customers")
"""The customers of each day."""

RAW_MARKETPLACE_ORDERS_KEY = dg.AssetKey("raw_marketplace_orders")
"""The order lines of the marketplace files."""

SILVER_ORDERS_KEY = dg.AssetKey("silver_enriched_orders")
"""The validated orders of each day."""

FCT_ORDERS_KEY = dg.AssetKey(["gold", "fct_orders"])
"""One row per sale: the source of gold's other tables, and what is reconciled with the ERP."""

DAILY_SALES_KEY = dg.AssetKey(["gold", "daily_sales"])
"""The mart that people look at in the morning."""

MONTHLY_REVENUE_KEY = dg.AssetKey(["gold", "monthly_revenue"])
"""The mart whose closed months are published figures; approvals of others are recorded there."""

SALES_ANOMALIES_KEY = dg.AssetKey(["gold", "sales_anomalies"])
"""The mart that judges each day."""

CUSTOMER_COHORTS_KEY = dg.AssetKey(["gold", "customer_cohorts"])
"""The mart that is built last: it reads the customers' lifetime value."""

SALES_DASHBOARD_KEY = dg.AssetKey("sales_dashboard")
"""The page that people look at without Dagster."""

FORECAST_MODEL_KEY = dg.AssetKey("forecast_model")
"""The model that forecasts revenue, with the backtest that it won."""

SALES_FORECAST_KEY = dg.AssetKey("sales_forecast")
"""What it forecast, by the day of the forecast."""

CUSTOMER_FEATURES_KEY = dg.AssetKey("customer_features")
"""What was known of each customer at the end of a week."""

CHURN_SCORES_KEY = dg.AssetKey("customer_churn_scores")
"""How probable it is that a customer does not come back."""

CHURN_CHECK = dg.AssetCheckKey(CHURN_SCORES_KEY, "churn_model_beats_recency")
"""The check that refuses a model's scores before they are stored."""

MODEL_CHECK = dg.AssetCheckKey(FORECAST_MODEL_KEY, "model_beats_the_baselines")
"""The check that refuses a model before anything is forecast with it."""

AWAITS_A_PERSON = "sales/waiting"
"""Metadata of a check that fails only because a result waits for a person, who is told of it by itself."""

RESTATEMENT_CHECK = dg.AssetCheckKey(SILVER_ORDERS_KEY, "restatements_are_approved")
"""The check that holds back what would change a closed month."""

YESTERDAY_CHECK = dg.AssetCheckKey(DAILY_SALES_KEY, "yesterday_is_complete")
"""The check that the marts are ready in the morning."""

FRESHNESS_JOB = "freshness_job"
"""The job that evaluates it, and nothing else."""

RECONCILIATION_CHECK = dg.AssetCheckKey(FCT_ORDERS_KEY, "agrees_with_the_erp")
"""The check that gold has the ERP's sales, day by day."""

LAST_COMPARED_DAY = "last_day"
"""Its metadata: the last business day that it compared."""

AIRBYTE_SNAPSHOT_CHECK = "airbyte_snapshot_is_current"
"""The check that compares the snapshot of Airbyte's connections with the server."""

ERP_POOL = "erp"
DBT_POOL = "dbt"
"""The concurrency pools that a deployment may limit, so that a backfill does not overload a server."""

PARTITION_TAG = "dagster/partition"
"""Dagster's tag of a run of one partition."""

DAILY_JOB = "daily_sales_pipeline"
"""The job that makes a business day, from the ERP to gold."""

OWNER = "team:data-platform"
"""The owner of every asset."""

DOMAIN_TAGS = {"domain": "sales"}
"""The tags of every asset and job."""

NO_DATA_TAG = "sales/no_data"
"""On a run: how many of its days have no order in the ERP. On an observation: that its day has none."""

DIGEST = "sales/digest"
"""Metadata of an observation of `daily_sales`: the digest of a day, as text."""

SKIPPED_PARTITIONS = "sales/skipped_partitions"
"""Metadata of an output: the partitions of the run that it neither replaces nor materializes."""

READ_AT = "read_at"
"""Metadata of an output: when its rows were read from their source, by the source's clock."""

CHOSEN_STATUSES = "sales/chosen_statuses"
"""Metadata of a day's load whose run chose other statuses than the usual ones to count as sales: these."""

KEPT_NEWER_ROWS = "sales/kept_newer_rows"
"""Metadata of a day that a run left as it was: when its stored rows were read, and when the run's were."""
REJECTED_TABLE = "sales/rejected_table"
"""Metadata of an asset: the table, in its own schema, for the rows that a day is stored without."""

SLICE_COLUMN = "sales/slice_column"
"""Metadata of an asset without partitions: a write replaces the rows that have its values in this column."""

PERSONAL_DATA_TAG = "personal_data"
"""On a column: its values are personal data, redacted in previews and errors."""
