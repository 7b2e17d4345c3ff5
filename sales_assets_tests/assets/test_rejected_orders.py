"""A day that is stored without the orders that fail validation, on a real PostgreSQL and DuckDB."""

import json
from typing import Any

import dagster as dg
import pytest

from sales_assets.assets import raw_customers, raw_orders, silver_enriched_orders
from sales_assets.catalog.partitions import window_between
from sales_assets.checks import no_orders_are_rejected
from sales_assets.operations.reconciliation.compare import WITHOUT_AMOUNT
from sales_assets.operations.reconciliation.reconcile import Reconciliation, reconcile
from sales_assets.settings import Settings
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.gold_stand_in import GoldStandIn
from sales_assets_tests.support.results import failure, metadata

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("files_stay_open")]  # each runs several days

DAY = "2025-01-15"


class Days:
    """Loads days from the ERP to silver, and compares silver with the ERP where gold would be."""

    def __init__(self, erp: Erp, settings: Settings):
        self.erp = erp
        self.database = str(settings.duckdb_path)
        self.warehouse = DuckDBWarehouse(database=self.database)
        self.instance = dg.DagsterInstance.ephemeral()

    def load(self, share: float | None = 0.25, **options: Any) -> dg.ExecuteInProcessResult:
        """Load a day, or a range if tags are given; with a share, if it is not the setting's."""
        config = {} if share is None else {"ops": {"raw_orders": {"config": {"max_rejected_share": share}}}}
        if "tags" not in options:
            options["partition_key"] = DAY
        job = dg.Definitions(
            [raw_orders, raw_customers, silver_enriched_orders],
            asset_checks=[no_orders_are_rejected],
            resources={
                "postgres_erp": self.erp.resource,
                "warehouse": self.warehouse,
                "io_manager": DuckDBWarehouseIOManager(database=self.database),
            },
        ).resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance, raise_on_error=False, run_config=config, **options
        )

    def column(self, query: str) -> list[Any]:
        """The values of a query's only column."""
        return list(self.warehouse.query(query).iloc[:, 0])

    def silver(self) -> list[int]:
        """The orders in silver."""
        return self.column("select order_id from silver.silver_enriched_orders order by 1")

    def rejected(self) -> list[int]:
        """The orders that were rejected."""
        return self.column("select order_id from raw.rejected_orders order by 1")

    def reconcile(self) -> Reconciliation:
        """Compare silver, as gold, with the ERP."""
        window = window_between("2025-01-14", "2025-01-16")
        gold = GoldStandIn(database=self.database, shown="silver.silver_enriched_orders")
        return reconcile(window, self.erp.resource, gold, self.instance)


@pytest.fixture
def days(erp: Erp, settings: Settings) -> Days:
    """Four orders on each of three days; one of the second day is negative."""
    for day in (14, 15, 16):
        for number in range(4):
            erp.order(day * 10 + number, f"2025-01-{day} 10:00+00")
    erp.run("update order_items set unit_price = -5 where order_id = 150")
    return Days(erp, settings)


def test_a_day_is_stored_without_a_bad_order_which_is_told_counted_and_comes_back(days: Days) -> None:
    for _ in range(2):
        result = days.load()
        assert result.success
        assert (days.silver(), days.rejected()) == ([151, 152, 153], [150])
    [row] = days.warehouse.query("select * from raw.rejected_orders").to_dict("records")
    assert (row["rule"], row["total_amount"], row["run_id"]) == ("negative_amount", -5.0, result.run_id)
    assert json.loads(row["detail"])["status"] == "completed"
    assert metadata(result, "raw_orders")["rejected_orders"] == 1
    [told] = result.get_asset_check_evaluations()
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert str(told.description).startswith(
        f"Gold lacks 1 order(s) of {DAY}, -5.0000 in total_amount: they fail"
    )
    differences, rejected = days.reconcile()
    assert (list(differences["day"]), rejected) == (["2025-01-14", "2025-01-16"], 1)

    days.erp.run("update order_items set unit_price = 7 where order_id = 150")
    assert list(days.reconcile().differences["day"]) == ["2025-01-14", DAY, "2025-01-16"]
    result = days.load()
    assert (days.silver(), days.rejected()) == ([150, 151, 152, 153], [])
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
    assert list(days.reconcile().differences["day"]) == ["2025-01-14", "2025-01-16"]


def test_above_the_share_the_day_is_refused_and_keeps_what_it_has_and_its_neighbours_are_stored(
    days: Days,
) -> None:
    days.load()
    days.erp.run("update order_items set unit_price = -5 where order_id in (151, 160)")
    span = {
        "dagster/asset_partition_range_start": "2025-01-14",
        "dagster/asset_partition_range_end": "2025-01-16",
    }
    refused = failure(days.load(tags=span))
    assert f"raw_orders for {DAY}: 2 of 4 orders fail validation, more than the share of 0.25" in refused
    assert "negative_amount in 2 order(s): 150, 151. No stored data of this day was changed" in refused
    assert days.column("select order_id from raw.raw_orders where order_id < 160 order by 1") == [
        140,
        141,
        142,
        143,
        151,
        152,
        153,
    ]
    assert days.rejected() == [150, 160]


def test_by_default_no_order_is_rejected_and_the_day_is_refused(days: Days) -> None:
    assert "Negative amounts found in 1 order(s): 150." in failure(days.load(share=None))
    assert days.column("select count(*) from information_schema.tables where table_name ~ 'rejected'") == [0]


def test_an_amount_that_cannot_be_stored_is_counted_without_an_amount(days: Days) -> None:
    days.erp.run("update order_items set unit_price = 'NaN' where order_id = 150")
    result = days.load()
    assert (days.silver(), days.rejected()) == ([151, 152, 153], [150])
    [told] = result.get_asset_check_evaluations()
    assert "0 in total_amount and 1 amount(s) that cannot be stored" in str(told.description)
    differences = days.reconcile().differences.set_index("day")
    assert differences.loc[DAY, "reason"] == WITHOUT_AMOUNT
    days.erp.run("delete from orders where id = 151")
    assert days.reconcile().differences.set_index("day").loc[DAY, "reason"] != WITHOUT_AMOUNT
