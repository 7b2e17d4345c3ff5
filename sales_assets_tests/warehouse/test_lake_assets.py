"""The assets of the lake: a range is one run, and the catalog shows what it did."""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from sales_assets.catalog.contracts import declared_contract
from sales_assets.catalog.names import FCT_ORDERS_KEY
from sales_assets.dbt.dbt_assets import build_dbt_assets
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.warehouse.duckdb import DuckDBWarehouseIOManager
from sales_assets.warehouse.lake.lake_assets import build_lake_assets
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.lake import Lake


@pytest.fixture(scope="module")
def gold() -> dg.AssetsDefinition:
    return build_dbt_assets(settings_with())


@pytest.mark.slow
def test_a_range_is_one_run_that_shows_what_it_did(
    tmp_path: Path, gold: dg.AssetsDefinition, instance: dg.DagsterInstance
) -> None:
    orders, _ = build_lake_assets(gold)
    contract = declared_contract(gold.specs_by_key[FCT_ORDERS_KEY].metadata) or dg.TableSchema(columns=[])
    database = tmp_path / "sales.duckdb"
    columns = ", ".join(f"{column.name} {column.type}" for column in contract.columns)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create schema gold; create table gold.fct_orders ({columns})")
        connection.execute(
            "insert into gold.fct_orders by name select 1 as order_id, date '2025-01-14' as order_date, "
            "1.5 as gross_amount, 0 as discount_amount, 1.5 as total_amount, 1 as line_count"
        )
    lake = Lake(tmp_path)
    resources = {"lake": lake.resource, "io_manager": DuckDBWarehouseIOManager(database=str(database))}
    assert orders.backfill_policy == dg.BackfillPolicy.single_run()

    def run() -> dict[str | None, dict[str, object]]:
        tags = range_tags("2025-01-14", "2025-01-15")
        result = dg.materialize([orders], resources=resources, instance=instance, tags=tags)
        events = result.asset_materializations_for_node("lake__fct_orders")
        return {
            event.partition: {name: value.value for name, value in event.metadata.items()} for event in events
        }

    shown = run()
    assert {day: shown[day]["dagster/partition_row_count"] for day in shown} == {
        "2025-01-14": 1,
        "2025-01-15": 0,
    }
    assert (shown["2025-01-14"]["replaced"], shown["2025-01-14"]["replaced_days"]) == ("2025-01-14", 1)
    head = lake.load().current_snapshot()
    assert shown["2025-01-14"]["snapshot_id"] == str(head.snapshot_id)
    assert len(head.summary["sales.run_id"]) == 36
    assert run()["2025-01-14"]["was_replaced"] is False
    instance.report_runless_asset_event(dg.AssetMaterialization(FCT_ORDERS_KEY, partition="2025-01-14"))
    result = dg.materialize(
        [orders],
        resources=resources,
        instance=instance,
        tags=range_tags("2025-01-14", "2025-01-15"),
        raise_on_error=False,
    )
    [failure] = result.get_step_failure_events()
    assert "gold/fct_orders was never built for 1 of the run's days, from 2025-01-15" in str(
        failure.step_failure_data.user_failure_data
    )
