"""`raw_orders` and `raw_customers` on an ERP whose views and columns are not as the demo's."""

from typing import Any

import dagster as dg
import pytest

from sales_assets.assets import raw_customers, raw_orders
from sales_assets.catalog.partitions import window_between
from sales_assets.operations.reconciliation.reconcile import reconcile
from sales_assets.settings import Settings
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.gold_stand_in import GoldStandIn
from sales_assets_tests.support.results import failure

pytestmark = pytest.mark.usefixtures("files_stay_open")

DAY = "2025-01-15"
RANGE = {
    "dagster/asset_partition_range_start": "2025-01-14",
    "dagster/asset_partition_range_end": "2025-01-16",
}


class Loading:
    """Loads orders and customers of an ERP into a warehouse of its own."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance):
        self.database = str(settings.duckdb_path)
        self.instance = instance
        self.warehouse = DuckDBWarehouse(database=self.database)

    def load(self, erp: Erp, *assets: dg.AssetsDefinition, **options: Any) -> dg.ExecuteInProcessResult:
        """Load a range of three days, unless a partition key is given; by default their orders."""
        if "partition_key" not in options:
            options["tags"] = RANGE
        resources = {
            "postgres_erp": erp.resource,
            "io_manager": DuckDBWarehouseIOManager(database=self.database),
        }
        return dg.materialize(
            assets or [raw_orders],
            instance=self.instance,
            resources=resources,
            raise_on_error=False,
            **options,
        )

    def amounts(self) -> dict[int, str]:
        """The stored amounts by order."""
        rows = self.warehouse.query("select order_id, total_amount::varchar from raw.raw_orders order by 1")
        return dict(rows.itertuples(index=False, name=None))

    def differences(self, erp: Erp) -> list[str]:
        """The days on which the stored sales differ from the ERP's."""
        window = window_between("2025-01-14", "2025-01-16")
        gold = GoldStandIn(database=self.database, shown="raw.raw_orders")
        return list(reconcile(window, erp.resource, gold, self.instance).differences["day"])


@pytest.fixture
def loading(settings: Settings, instance: dg.DagsterInstance) -> Loading:
    return Loading(settings, instance)


@pytest.fixture
def three_days(erp: Erp) -> Erp:
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00")
    return erp


@pytest.mark.slow
@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_day_with_an_order_that_a_view_lists_twice_is_refused_by_its_name(
    three_days: Erp, loading: Loading, status: str
) -> None:
    three_days.order(9, "2025-01-15 11:00+00", status=status, items=[(1, "500.00", None), (1, "11.11", None)])
    twice = "select * from public.orders union all select * from public.orders where id = 9"
    doubling = three_days.through_views({"orders": twice})
    result = loading.load(doubling)
    assert "raw_orders for 2025-01-15: Duplicate orders found, 2 rows for 1 order(s): 9." in failure(result)
    assert loading.amounts() == {14: "10.0000", 16: "10.0000"}
    # Both rows of the view carry the amounts of one order, whatever reads them.
    single = three_days.through_views({"orders": f"select distinct * from ({twice}) as o"})
    assert loading.load(single).success
    assert loading.differences(doubling) == []


@pytest.mark.slow
def test_an_item_that_a_view_lists_twice_is_a_difference_from_the_erp(
    three_days: Erp, loading: Loading
) -> None:
    twice = "select * from public.order_items union all select * from public.order_items where order_id = 15"
    doubling = three_days.through_views({"order_items": twice})
    loading.load(doubling)
    assert loading.differences(doubling) == [DAY]
    loading.load(three_days)
    assert loading.differences(doubling) == []


def test_items_without_a_price_or_quantity_are_counted_for_their_day(
    three_days: Erp, loading: Loading
) -> None:
    three_days.order(9, items=[(1, "1.00", None), (2, "2.00", None), (3, "3.00", None)])
    incomplete = (
        "select id, order_id, nullif(qty, 2) as qty, nullif(unit_price, 3.00) as unit_price, discount"
        " from public.order_items"
    )
    result = loading.load(three_days.through_views({"order_items": incomplete}))
    found = {
        m.partition: m.metadata["incomplete_items"].value
        for m in result.asset_materializations_for_node("raw_orders")
    }
    assert found == {"2025-01-14": 0, DAY: 2, "2025-01-16": 0}
    assert loading.amounts()[9] == "1.0000"


def test_statuses_and_texts_that_are_padded_with_blanks_are_stored_without_them(
    three_days: Erp, loading: Loading
) -> None:
    three_days.customer(7, updated_at="2025-01-15 12:00+00")
    three_days.order(9, status="pending")
    padded = three_days.through_views(
        {
            "orders": "select id, customer_id, created_at, updated_at, status::char(20) as status"
            " from public.orders",
            "customers": "select id, email, first_name, last_name, city::char(20) as city,"
            " segment::char(20) as segment, updated_at from public.customers",
        }
    )
    result = loading.load(padded, raw_orders, raw_customers)
    assert result.success
    assert loading.amounts() == {14: "10.0000", 15: "10.0000", 16: "10.0000"}
    excluded = [
        m.metadata["excluded_by_status"].value for m in result.asset_materializations_for_node("raw_orders")
    ]
    assert excluded == [{}, {"pending": 1}, {}]
    stored = loading.warehouse.query("select distinct status from raw.raw_orders")["status"]
    assert list(stored) == ["completed"]
    places = loading.warehouse.query("select city, segment from raw.raw_customers")
    assert list(places.itertuples(index=False, name=None)) == [("Rome", "consumer")]


@pytest.mark.parametrize("instant", ["infinity", "-infinity", "12025-01-15", "0001-12-31 23:59:59 BC"])
@pytest.mark.parametrize(("table", "name"), [("orders", "order"), ("customers", "customer")])
def test_a_day_with_a_timestamp_that_no_table_can_hold_is_refused_by_its_row_and_column(
    three_days: Erp, loading: Loading, table: str, name: str, instant: str
) -> None:
    for id_ in (14, 15, 16):
        three_days.customer(id_)
    three_days.run(
        "update orders set customer_id = id", f"update {table} set updated_at = '{instant}' where id = 15"
    )
    result = loading.load(three_days, raw_orders if table == "orders" else raw_customers)
    expected = (
        f"raw_{table} for 2025-01-15: Timestamps that are infinite or outside the years 1 to 9999 found in "
        f"updated_at of 1 {name}(s): 15. No stored data of this day was changed; 2 other day(s)"
    )
    assert expected in failure(result)


@pytest.mark.parametrize("instant", ["0001-01-01 00:00+00", "9999-12-31 23:59:59.999999+00"])
def test_the_first_and_the_last_timestamp_are_stored(three_days: Erp, loading: Loading, instant: str) -> None:
    three_days.run(f"update orders set updated_at = '{instant}'")
    assert loading.load(three_days).success
    stored = loading.warehouse.query("select distinct updated_at::varchar as at from raw.raw_orders")["at"]
    assert list(stored) == [instant.removesuffix("+00") if "." in instant else "0001-01-01 00:00:00"]


@pytest.mark.parametrize(("id_type", "text_type"), [("numeric", "label"), ("identifier", "word")])
def test_numeric_ids_domains_and_enums_are_stored_like_plain_columns(
    three_days: Erp, loading: Loading, id_type: str, text_type: str
) -> None:
    three_days.customer(7, updated_at="2025-01-15 12:00+00")
    three_days.run("update orders set customer_id = 7 where id = 15")
    three_days.run(
        "drop type if exists word cascade",
        "drop domain if exists label, identifier cascade",
        "create type word as enum ('completed', 'consumer')",
        "create domain label as text",
        "create domain identifier as bigint",
    )
    other = three_days.through_views(
        {
            "orders": f"select id::{id_type}, customer_id::{id_type}, created_at, updated_at,"
            f" status::{text_type} from public.orders",
            "customers": f"select id::{id_type}, email, first_name, last_name, city,"
            f" segment::{text_type}, updated_at from public.customers",
        }
    )
    assert loading.load(other, raw_orders, raw_customers).success
    assert loading.amounts() == {14: "10.0000", 15: "10.0000", 16: "10.0000"}
    assert loading.differences(other) == []
