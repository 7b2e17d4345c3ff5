"""Everything that a laptop's UI offers, run in one test: embedded ERP, emulators, dbt and DuckDB."""

import json
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.assets.bi_export import EXPORTED_MARTS
from sales_assets.catalog.names import ML, RAW_MARKETPLACE_ORDERS_KEY, YESTERDAY_CHECK
from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.definitions import build_definitions
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.operations.reporting.exports import MANIFEST_OF_EXPORT
from sales_assets.reports.dashboard.page import PAGE_NAME
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
    weekly = {
        node.key for node in definitions.get_repository_def().asset_graph.asset_nodes if node.group_name == ML
    }
    assets = set(everything.asset_layer.executable_asset_keys) - weekly
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

    manifest = json.loads((Path(settings.exports_root) / MANIFEST_OF_EXPORT).read_text())
    assert sorted(manifest["marts"]) == sorted(EXPORTED_MARTS)
    of_gold = "select sum(total_amount)::varchar as revenue, sum(order_count) as orders from gold.daily_sales"
    [(revenue, orders)] = warehouse.query(of_gold).itertuples(index=False)
    assert manifest["marts"]["daily_sales"]["sums"]["total_amount"] == revenue
    page = (Path(settings.reports_root) / PAGE_NAME).read_text()
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert sum(sum(each["orders"]) for each in data["sales"]["series"]) == orders
    amounts = sum(sum(each["revenue"]) for each in data["sales"]["series"])
    assert amounts == pytest.approx(float(revenue), abs=0.005)
