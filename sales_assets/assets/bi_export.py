"""The files for other tools: each mart as Parquet, all of them as one database, and a manifest."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg

from sales_assets.catalog.names import GOLD, REPORTS
from sales_assets.catalog.policies import AFTER_GOLD, TRANSFORMATION
from sales_assets.dbt.marts import list_marts
from sales_assets.dbt.project import prepare_project
from sales_assets.operations.reporting.exports import export_marts
from sales_assets.settings import settings
from sales_assets.warehouse.file_stores import FileStores

EXPORTED_MARTS = (
    "city_performance",
    "customer_cohorts",
    "customer_lifetime_value",
    "daily_sales",
    "dim_customers",
    "dim_dates",
    "fct_orders",
    "marketing_roi",
    "monthly_revenue",
    "payments_reconciliation",
    "sales_anomalies",
    "segment_performance",
)
"""All marts, so that the graph shows what is read; a test compares them with dbt's."""


@dg.asset(
    group_name=REPORTS,
    deps=[dg.AssetKey([GOLD, name]) for name in EXPORTED_MARTS],
    automation_condition=AFTER_GOLD,
    retry_policy=TRANSFORMATION,
    kinds={"parquet"},
)
def bi_export(
    context: dg.AssetExecutionContext, io_manager: dg.ResourceParam[Any], file_stores: FileStores
) -> dg.MaterializeResult[None]:
    """Every mart as files that Excel, pandas, Tableau, Power BI, Metabase and Superset open.

    Without personal data, unless the settings say so. If it fails, files that were replaced are whole and the
    others are as before; the next run makes all of them again.
    """
    marts = list_marts(prepare_project(settings()).manifest_path)
    with TemporaryDirectory(prefix="bi-export-") as folder:
        manifest = export_marts(
            io_manager.engine,
            marts,
            file_stores.open_exports(),
            Path(folder),
            caller=f"run {context.run.run_id}, bi_export",
            with_personal_data=settings().exports_personal_data,
            exported_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    rows = {name: entry["rows"] for name, entry in manifest["marts"].items()}
    size = manifest["database"]["bytes"]
    return dg.MaterializeResult(metadata={"where": file_stores.exports, "rows": rows, "database_bytes": size})
