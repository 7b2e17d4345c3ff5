"""The dashboard: one HTML page that needs no server, made of gold after each run that built it."""

from datetime import UTC, datetime

import dagster as dg

from sales_assets.catalog.names import (
    CUSTOMER_COHORTS_KEY,
    DAILY_SALES_KEY,
    FCT_ORDERS_KEY,
    REPORTS,
    SALES_ANOMALIES_KEY,
    SALES_FORECAST_KEY,
)
from sales_assets.catalog.partitions import choose_window
from sales_assets.catalog.policies import AFTER_GOLD, TRANSFORMATION
from sales_assets.operations.reporting.dashboard_rows import read_dashboard_rows, refuse_without_libraries
from sales_assets.operations.reporting.trust_records import read_trust
from sales_assets.reports.dashboard.page import PAGE_NAME, build_page
from sales_assets.settings import settings
from sales_assets.warehouse.engine import WarehouseReader
from sales_assets.warehouse.file_stores import FileStores

_HEADERS = {"ContentType": "text/html; charset=utf-8", "CacheControl": "no-cache"}
"""What S3 answers with: browsers ask again whether the page is still the one that they have."""


@dg.asset(
    group_name=REPORTS,
    deps=[FCT_ORDERS_KEY, DAILY_SALES_KEY, SALES_ANOMALIES_KEY, CUSTOMER_COHORTS_KEY, SALES_FORECAST_KEY],
    automation_condition=AFTER_GOLD,
    retry_policy=TRANSFORMATION,
    kinds={"html"},
)
def sales_dashboard(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[WarehouseReader],
    file_stores: FileStores,
) -> dg.MaterializeResult[None]:
    """One page with the sales of two years: plots, filters, and how far the numbers can be trusted.

    It needs no server and no network. If it fails, the page before stays where it is.
    """
    refuse_without_libraries()
    window = choose_window(context, settings().lookback_days)
    trust = read_trust(context.instance, window.days)
    rows = read_dashboard_rows(warehouse)
    page = build_page(rows, trust, datetime.now(UTC)).encode()
    where = file_stores.open_reports().write(PAGE_NAME, page, **_HEADERS)
    return dg.MaterializeResult(metadata={"page": where, "bytes": len(page), "last_day": rows.last_day})
