"""`raw_orders` and `raw_customers` on an ERP whose views and columns are not as the demo's."""

from typing import Any

import dagster as dg
import pytest

from sales_assets.assets import raw_orders
from sales_assets.catalog.partitions import window_between
from sales_assets.operations.reconciliation.reconcile import reconcile
from sales_assets.settings import Settings
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.results import failure

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
        gold = GoldOfRaw(database=self.database)
        return list(reconcile(window, erp.resource, gold, self.instance)["day"])


class GoldOfRaw(DuckDBWarehouse):
    """Shows the sales as they were extracted where gold would be."""

    def query(self, sql: str, parameters: Any = ()) -> Any:
        """Read `raw_orders` instead of gold."""
        if "information_schema" in sql:
            return super().query("select 1 as found")
        gold = "(select order_id, order_date::date as order_date, total_amount from raw.raw_orders)"
        return super().query(sql.replace("gold.fct_orders", gold), parameters)


@pytest.fixture
def loading(settings: Settings, instance: dg.DagsterInstance) -> Loading:
    return Loading(settings, instance)


@pytest.fixture
def three_days(erp: Erp) -> Erp:
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00")
    return erp


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
