"""Everything that a laptop's UI offers: embedded ERP, emulators of Airbyte and S3, dbt and DuckDB.

The daily pipeline runs before anything was synced, and then the whole graph in one run.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest

from sales_assets.assets.bi_export import EXPORTED_MARTS
from sales_assets.catalog.names import DAILY_JOB, ML, RAW_MARKETPLACE_ORDERS_KEY, YESTERDAY_CHECK
from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.dbt.failures import DbtFailedError
from sales_assets.dbt.project import build_dbt_resource, prepare_project
from sales_assets.definitions import build_definitions
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.operations.reporting.exports import MANIFEST_OF_EXPORT
from sales_assets.reports.dashboard.page import PAGE_NAME
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets_tests.support.data_dir import settings_with

pytestmark = pytest.mark.slow


class Location:
    """The whole code location on a laptop, before the first run.

    Attributes:
        before: The orders by status of the reconciliation, before anything was synced.
        failed_before: The checks of the daily pipeline that failed.
        runs: The runs of some marketplace files, and of everything else.
        assets: What these runs were asked for.
    """

    before: pd.DataFrame
    failed_before: list[dg.AssetCheckEvaluation]
    runs: list[dg.ExecuteInProcessResult]
    assets: set[dg.AssetKey]

    def __init__(self, folder: Path):
        self.settings = settings_with(duckdb_path=folder / "sales.duckdb")
        self.definitions = build_definitions(self.settings)
        self.instance = dg.DagsterInstance.ephemeral()
        self.warehouse = DuckDBWarehouse(database=str(self.settings.duckdb_path))

    def run(self, job: str, **options: Any) -> dg.ExecuteInProcessResult:
        """Run a job."""
        definition = self.definitions.resolve_job_def(job)
        return definition.execute_in_process(instance=self.instance, raise_on_error=False, **options)

    def run_files(self) -> list[dg.ExecuteInProcessResult]:
        """Run the first files of the bucket."""
        versions, _ = (self.definitions.resources or {})["s3"].open_bucket().list_page("")
        keys = [partition_of_file(version.key) for version in versions[:3]]
        self.instance.add_dynamic_partitions(str(MARKETPLACE_FILES.name), keys)
        return [self.run("marketplace_orders_job", partition_key=key) for key in keys]

    def query_row(self, query: str) -> list[Any]:
        """The only row of a query's result."""
        [row] = self.warehouse.query(query).itertuples(index=False)
        return list(row)


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Location:
    """A location where everything ran for five days."""
    location = Location(tmp_path_factory.mktemp("l"))
    today = datetime.now(UTC).date()
    days = range_tags(str(today - timedelta(days=12)), str(today - timedelta(days=8)))
    result = location.run(DAILY_JOB, tags=days)
    assert result.success
    location.before = location.warehouse.query(
        "select status, count(*) as orders from gold.payments_reconciliation group by 1"
    )
    location.failed_before = [each for each in result.get_asset_check_evaluations() if not each.passed]
    graph = location.definitions.get_repository_def().asset_graph
    weekly = {node.key for node in graph.asset_nodes if node.group_name == ML}
    location.assets = set(graph.executable_asset_keys) - weekly
    location.runs = location.run_files()
    others = [key for key in location.assets if key != RAW_MARKETPLACE_ORDERS_KEY]
    location.runs.append(location.run("__ASSET_JOB", asset_selection=others, tags=days))
    return location


def test_everything_runs_and_its_checks_pass(location: Location) -> None:
    assert [run.success for run in location.runs] == [True] * 4
    missing = [key for key in location.assets if not location.instance.get_latest_materialization_event(key)]
    assert missing == []
    evaluations = [evaluation for run in location.runs for evaluation in run.get_asset_check_evaluations()]
    failed = [evaluation.check_name for evaluation in evaluations if not evaluation.passed]
    assert failed == [YESTERDAY_CHECK.name]  # these days are some time ago
    channels = set(location.warehouse.query("select channel from gold.daily_sales")["channel"])
    assert {"erp"} < channels


def test_the_export_and_the_dashboard_have_golds_sums(location: Location) -> None:
    settings = location.settings
    manifest = json.loads((Path(settings.exports_root) / MANIFEST_OF_EXPORT).read_text())
    assert sorted(manifest["marts"]) == sorted(EXPORTED_MARTS)
    revenue, orders = location.query_row(
        "select sum(total_amount)::varchar as revenue, sum(order_count) as orders from gold.daily_sales"
    )
    assert manifest["marts"]["daily_sales"]["sums"]["total_amount"] == revenue
    page = (Path(settings.reports_root) / PAGE_NAME).read_text()
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert sum(sum(each["orders"]) for each in data["sales"]["series"]) == orders
    amounts = sum(sum(each["revenue"]) for each in data["sales"]["series"])
    assert amounts == pytest.approx(float(revenue), abs=0.005)


def test_the_daily_pipeline_is_green_before_anything_was_synced(location: Location) -> None:
    assert location.failed_before == []
    found = location.before.set_index("status")["orders"]
    assert set(found.index) <= {"missing", "matched"}  # an order of zero needs no charge
    assert found["missing"] > 0.95 * found.sum()


def test_every_order_is_reconciled_and_the_differing_ones_are_found(location: Location) -> None:
    found = location.warehouse.query(
        "select status, count(*) as orders from gold.payments_reconciliation group by 1"
    ).set_index("status")["orders"]
    [orders] = location.query_row("select count(*) from gold.fct_orders")
    assert set(found.index) == {"matched", "missing", "differing"}
    assert found.sum() == orders
    assert found["matched"] / orders > 0.95
    [charges] = location.query_row(
        "select count(*) from gold.fct_orders where total_amount >= 0.01 "
        "and order_id not in (select order_id from payments.charges)"
    )
    assert found["missing"] == charges


def test_reconciled_amounts_are_the_landed_amounts_to_the_cent(location: Location) -> None:
    [marts] = location.query_row("select sum(charged_amount)::varchar from gold.payments_reconciliation")
    [landed] = location.query_row(
        "select (sum(amount)::decimal(38,4) / 100)::decimal(38,4)::varchar from payments.charges "
        "where order_id in (select order_id from gold.fct_orders)"
    )
    assert marts == landed


def test_channels_and_months_add_up_to_sales_and_spend(location: Location) -> None:
    [revenue, spend, new] = location.query_row(
        "select sum(revenue)::varchar, sum(spend)::varchar, sum(new_customer_count)::bigint "
        "from gold.marketing_roi"
    )
    assert [revenue] == location.query_row("select sum(total_amount)::varchar from gold.fct_orders")
    assert [spend] == location.query_row("select (sum(amount) * 0.01)::decimal(38,4)::varchar from ads.spend")
    assert [new] == location.query_row("select count(distinct customer_id) from gold.fct_orders")
    channels = location.warehouse.query("select distinct channel from gold.marketing_roi")["channel"]
    assert set(channels) == {"search", "social", "email", "referral", "organic", "unknown"}


def check_freshness(location: Location) -> None:
    """Run dbt's freshness check of the payments."""
    command = ["source", "freshness", "--select", "source:payments"]
    list(build_dbt_resource(location.settings).run(command, prepare_project(location.settings), "a test"))


def test_old_rows_and_foreign_currencies_warn_and_fail_nothing(location: Location) -> None:
    check_freshness(location)
    with duckdb.connect(str(location.settings.duckdb_path)) as connection:
        connection.execute("update payments.charges set _airbyte_extracted_at = timestamp '2025-01-01'")
        connection.execute("update ads.spend set currency = 'USD' where campaign = 'newsletter'")
    result = location.run("airbyte_marts_job")
    assert result.success
    warned = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert {check.check_name for check in warned} == {
        "recency_stg_charges_hour__extracted_at__36",
        "stg_ad_spend_is_in_the_erps_currency",
    }
    assert {check.severity for check in warned} == {dg.AssetCheckSeverity.WARN}
    [spent] = location.query_row(
        "select coalesce(sum(spend), 0) from gold.marketing_roi where channel = 'email'"
    )
    assert spent == 0
    with pytest.raises(DbtFailedError, match="charges"):
        check_freshness(location)


def test_rows_that_land_twice_count_once_and_the_latest_applies(location: Location) -> None:
    query = (
        "select (select sum(charged_amount - refunded_amount) from gold.payments_reconciliation)::varchar, "
        "(select list((channel, spend, revenue) order by month, channel) from gold.marketing_roi)::varchar"
    )
    before = location.query_row(query)
    older = "timestamp '2024-01-01' as _airbyte_extracted_at"
    with duckdb.connect(str(location.settings.duckdb_path)) as connection:
        for table, changed in {
            "payments.charges": "1 as amount",
            "payments.refunds": "1 as amount",
            "ads.spend": "1 as amount",
            "crm.accounts": "'radio' as acquisition_channel",
        }.items():
            connection.execute(f"insert into {table} select * replace ({older}, {changed}) from {table}")
    assert location.run("airbyte_marts_job").success
    assert before == location.query_row(query)
