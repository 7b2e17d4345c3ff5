"""The freshness of marketplace files: whether one was loaded recently."""

from datetime import timedelta

import dagster as dg

from sales_assets.catalog.names import RAW_MARKETPLACE_ORDERS_KEY

LONGEST_SILENCE = timedelta(days=3)
"""A weekend and one more day; after that, ask the marketplaces."""

[marketplace_files_arrive] = dg.build_last_update_freshness_checks(
    assets=[RAW_MARKETPLACE_ORDERS_KEY],
    lower_bound_delta=LONGEST_SILENCE,
    severity=dg.AssetCheckSeverity.WARN,
)
