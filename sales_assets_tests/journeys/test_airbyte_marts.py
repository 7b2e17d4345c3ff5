"""From Airbyte to gold: the emulator's rows, real dbt and a real DuckDB file, with and without a sync."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest

from sales_assets.dbt.failures import DbtFailedError
from sales_assets.dbt.project import build_dbt_resource, prepare_project
from sales_assets.definitions import build_definitions
from sales_assets.operations.repair.gaps import RANGE_END, RANGE_START
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets_tests.support.data_dir import settings_with

pytestmark = pytest.mark.slow


class Location:
    """The whole code location on a laptop, before the first run.

    Attributes:
        before: The orders by status of the reconciliation, before anything was synced.
        failed: The checks of the daily pipeline that failed.
        checks: The checks of the marts.
    """

    before: pd.DataFrame
    failed: list[dg.AssetCheckEvaluation]
    checks: Sequence[dg.AssetCheckEvaluation]

    def __init__(self, folder: Path):
        self.settings = settings_with(duckdb_path=folder / "sales.duckdb")
        self.definitions = build_definitions(self.settings)
        self.instance = dg.DagsterInstance.ephemeral()
        self.warehouse = DuckDBWarehouse(database=str(self.settings.duckdb_path))

    def run(self, job: str, **options: Any) -> dg.ExecuteInProcessResult:
        """Run a job."""
        definition = self.definitions.resolve_job_def(job)
        return definition.execute_in_process(instance=self.instance, raise_on_error=False, **options)

    def query_row(self, query: str) -> list[Any]:
        """The only row of a query's result."""
        [row] = self.warehouse.query(query).itertuples(index=False)
        return list(row)


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Location:
    """A location whose daily pipeline ran for five days, before anything was synced."""
    location = Location(tmp_path_factory.mktemp("l"))
    today = datetime.now(UTC).date()
    days = {RANGE_START: str(today - timedelta(days=12)), RANGE_END: str(today - timedelta(days=8))}
    result = location.run("daily_sales_pipeline", tags=days)
    assert result.success
    location.before = location.warehouse.query(
        "select status, count(*) as orders from gold.payments_reconciliation group by 1"
    )
    location.failed = [e for e in result.get_asset_check_evaluations() if not e.passed]
    airbyte = dg.AssetSelection.groups("airbyte")
    keys = airbyte.resolve(location.definitions.get_repository_def().asset_graph)
    synced = location.run("__ASSET_JOB", asset_selection=list(keys))
    assert synced.success
    assert {e.asset_key for e in synced.get_asset_materialization_events()} == keys
    marts = location.run("airbyte_marts_job")
    assert marts.success
    location.checks = marts.get_asset_check_evaluations()
    return location


def test_the_daily_pipeline_is_green_before_anything_was_synced(location: Location) -> None:
    assert location.failed == []
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


def test_all_checks_of_the_marts_passed(location: Location) -> None:
    assert len(location.checks) > 30
    assert [check.check_name for check in location.checks if not check.passed] == []


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
