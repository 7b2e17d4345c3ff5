"""Everything that a laptop's UI offers, run in one test: embedded ERP, emulators, dbt and DuckDB."""

from pathlib import Path

import dagster as dg
import pytest

from sales_assets.catalog.names import RAW_MARKETPLACE_ORDERS_KEY, YESTERDAY_CHECK
from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.definitions import build_definitions
from sales_assets.operations.repair.gaps import range_tags
from sales_assets_tests.support.data_dir import settings_with

pytestmark = pytest.mark.slow


def test_everything(tmp_path: Path) -> None:
    settings = settings_with(duckdb_path=tmp_path / "sales.duckdb")
    definitions = build_definitions(settings)
    resources, instance = definitions.resources or {}, dg.DagsterInstance.ephemeral()
    everything = definitions.resolve_implicit_global_asset_job_def()
    one_file = definitions.resolve_job_def("marketplace_orders_job")
    versions, _ = resources["s3"].open_bucket().list_page("")
    keys = [partition_of_file(version.key) for version in versions[:3]]
    instance.add_dynamic_partitions(str(MARKETPLACE_FILES.name), keys)
    assets = everything.asset_layer.executable_asset_keys
    runs = [one_file.execute_in_process(instance=instance, partition_key=key) for key in keys]
    runs.append(
        everything.execute_in_process(
            instance=instance,
            asset_selection=[key for key in assets if key != RAW_MARKETPLACE_ORDERS_KEY],
            tags=range_tags("2026-01-01", "2026-01-03"),
        )
    )
    assert [run.success for run in runs] == [True] * 4
    assert [key for key in assets if instance.get_latest_materialization_event(key) is None] == []
    evaluations = [evaluation for run in runs for evaluation in run.get_asset_check_evaluations()]
    failed = [evaluation.check_name for evaluation in evaluations if not evaluation.passed]
    assert failed == [YESTERDAY_CHECK.name]  # these days are long ago
    warehouse = resources["warehouse"]
    channels = set(warehouse.query("select channel from gold.daily_sales")["channel"])
    assert {"erp"} < channels
    payments = set(warehouse.query("select status from gold.payments_reconciliation")["status"])
    assert payments == {"differing", "matched", "missing"}
    assert len(warehouse.query("select * from gold.marketing_roi")) > 0
