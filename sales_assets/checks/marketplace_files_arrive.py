"""The freshness of what marketplaces deliver: whether a file of theirs has landed of late."""

from datetime import timedelta

import dagster as dg

from sales_assets.catalog.names import RAW_MARKETPLACE_ORDERS_KEY

LONGEST_SILENCE = timedelta(days=3)
"""A weekend and a day: after that somebody should ask."""

[marketplace_files_arrive] = dg.build_last_update_freshness_checks(
    assets=[RAW_MARKETPLACE_ORDERS_KEY],
    lower_bound_delta=LONGEST_SILENCE,
    severity=dg.AssetCheckSeverity.WARN,
)
