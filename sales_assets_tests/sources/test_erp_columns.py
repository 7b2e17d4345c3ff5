"""What the ERP's columns must be, on a real PostgreSQL: before anything is read, and as a check."""

import dagster as dg

from sales_assets.assets import raw_orders
from sales_assets.checks import erp_columns_are_known
from sales_assets.settings import Settings
from sales_assets.sources.erp.columns import find_changed_columns, read_columns
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.results import failure

ORDERS = "select id, customer_id, created_at, updated_at, status from public.orders"
CHANGED = {
    "orders": "select id, customer_id, created_at::date as created_at, status from public.orders",
    "order_items": "select id, order_id, qty::text as qty, unit_price, discount from public.order_items",
}
SENTENCE = (
    "The ERP has changed: orders.created_at is date, not timestamp with time zone or timestamp without time "
    "zone; orders.updated_at is gone; order_items.qty is text, not smallint or integer or bigint or numeric"
)


def test_a_column_that_is_gone_or_has_another_type_is_refused_before_anything_is_read(
    erp: Erp, settings: Settings
) -> None:
    assert find_changed_columns(read_columns(erp.resource)) == []
    changed = erp.through_views(CHANGED)
    resources = {
        "postgres_erp": changed.resource,
        "io_manager": DuckDBWarehouseIOManager(database=str(settings.duckdb_path)),
    }
    result = dg.materialize(
        [raw_orders], partition_key="2025-01-15", resources=resources, raise_on_error=False
    )
    assert f"{SENTENCE}. No stored data was changed. " in failure(result)
    assert not result.filter_events(lambda event: event.is_step_up_for_retry)
    assert not settings.duckdb_path.exists()
    nothing = read_columns(changed.resource).query("table_name != 'customers'")
    assert find_changed_columns(nothing)[0] == "customers is gone"


def test_the_check_fails_for_a_changed_column_and_tells_of_a_new_one_once(
    erp: Erp, instance: dg.DagsterInstance, settings: Settings
) -> None:
    def check(source: Erp) -> tuple[bool, str, str]:
        job = dg.Definitions(
            [raw_orders.to_source_asset()],
            asset_checks=[erp_columns_are_known],
            resources={
                "postgres_erp": source.resource,
                "warehouse": DuckDBWarehouse(database=str(settings.duckdb_path)),
            },
        ).resolve_implicit_global_asset_job_def()
        [found] = job.execute_in_process(instance=instance).get_asset_check_evaluations()
        return found.passed, found.severity.value, str(found.description)

    assert check(erp.through_views({"orders": ORDERS}))[0]
    wider = erp.through_views({"orders": ORDERS.replace("status", "status, 'x'::text as channel")})
    told = (False, "WARN", "The ERP has new columns, which are not read: orders.channel.")
    assert check(wider) == told
    assert check(wider)[0]
    assert check(erp.through_views(CHANGED)) == (False, "ERROR", f"{SENTENCE}.")
