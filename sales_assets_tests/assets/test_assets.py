"""The Python assets, one by one, on a real PostgreSQL and a real DuckDB file, or as users mock them."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any
from unittest.mock import Mock, create_autospec

import dagster as dg
import pandas as pd
import pytest

from sales_assets.assets import raw_customers, raw_orders, silver_enriched_orders
from sales_assets.assets._daily_output import prepare_days
from sales_assets.assets._daily_run import DailyRun
from sales_assets.catalog import day_groups
from sales_assets.catalog.names import KEPT_NEWER_ROWS
from sales_assets.settings import Settings
from sales_assets.sources.erp.postgres import ErpUnavailableError, PostgresResource
from sales_assets.sources.erp.queries import RAW_CUSTOMERS_SQL, RAW_ORDERS_SQL
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.results import failure, metadata, run_tags

pytestmark = pytest.mark.usefixtures("files_stay_open")

ALL = [raw_orders, raw_customers, silver_enriched_orders]
DAY = "2025-01-15"
RANGE = {
    "dagster/asset_partition_range_start": "2025-01-14",
    "dagster/asset_partition_range_end": "2025-01-16",
}


@pytest.fixture
def run(erp: Erp, settings: Settings, instance: dg.DagsterInstance) -> Any:
    def materialize(**chosen: Any) -> dg.ExecuteInProcessResult:
        options: dict[str, Any] = {"assets": ALL, "raise_on_error": False, "instance": instance, **chosen}
        if not options.get("tags"):
            options.setdefault("partition_key", DAY)
        resources = {
            "postgres_erp": erp.resource,
            "io_manager": DuckDBWarehouseIOManager(database=str(settings.duckdb_path)),
        }
        return dg.materialize(resources=resources, **options)

    return materialize


@pytest.fixture
def warehouse(settings: Settings) -> DuckDBWarehouse:
    return DuckDBWarehouse(database=str(settings.duckdb_path))


def stored_ids(warehouse: DuckDBWarehouse, table: str = "silver.silver_enriched_orders") -> list[int]:
    return list(warehouse.query(f"select order_id from {table} order by order_id")["order_id"])


def test_an_asset_can_be_tested_with_a_mocked_erp_as_dagsters_documentation_shows() -> None:
    rows = pd.DataFrame({"order_id": [1, 2, 3], "customer_id": [7, 8, 9], "total_amount": [1.0, 2.0, 3.0]})
    erp = Mock()
    erp.execute_query.return_value = rows
    result = dg.materialize([raw_orders], resources={"postgres_erp": erp}, partition_key=DAY)
    assert result.success
    assert len(result.output_for_node("raw_orders")) == 3


def test_a_mocked_erp_works_with_the_in_memory_io_manager_through_to_silver() -> None:
    orders = pd.DataFrame({"order_id": [1, 2, 3], "customer_id": [7, 8, 9], "total_amount": [1.0, 2.0, 3.0]})
    customers = pd.DataFrame({"id": [7, 8], "city": ["Rome", "Oslo"], "segment": "consumer"})
    erp = Mock(execute_query=lambda sql, _: customers if "from customers" in sql else orders)
    resources = {"postgres_erp": erp, "io_manager": dg.mem_io_manager}
    result = dg.materialize(ALL, resources=resources, partition_key=DAY)
    assert list(result.output_for_node("silver_enriched_orders")["city"].fillna("-")) == ["Rome", "Oslo", "-"]


@pytest.mark.slow
def test_a_day_of_orders_is_stored_with_exact_amounts(erp: Erp, run: Any, warehouse: DuckDBWarehouse) -> None:
    erp.order(1, items=[(3, "0.10", "0.3333"), (1, "99999.99", None)])
    erp.order(2, items=[(2, "10.00", "0"), (1, "0.01", "1")], status="shipped")
    assert run().success
    stored = warehouse.query("select count(*) as n, sum(total_amount)::varchar as total from raw.raw_orders")
    assert (stored["n"][0], stored["total"][0]) == erp.totals(DAY)
    gross = warehouse.query("select gross_amount::varchar as gross from raw.raw_orders order by order_id")
    assert list(gross["gross"]) == ["100000.2900", "20.0100"]


def test_the_window_is_half_open(erp: Erp, run: Any, warehouse: DuckDBWarehouse) -> None:
    erp.order(1, "2025-01-14 23:59:59.999999+00")
    erp.order(2, "2025-01-15 00:00+00")
    erp.order(3, "2025-01-15 23:59:59.999999+00")
    erp.order(4, "2025-01-16 00:00+00")
    assert run().success
    assert stored_ids(warehouse) == [2, 3]


def test_an_order_without_items_is_kept_with_amounts_of_zero(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(1, items=[])
    assert run().success
    [row] = warehouse.query("select gross_amount, total_amount, line_count from raw.raw_orders").to_dict(
        "records"
    )
    assert row == {"gross_amount": 0, "total_amount": 0, "line_count": 0}


def test_an_order_of_an_unknown_status_is_excluded_and_counted(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(1)
    erp.order(2, status="teleported")
    result = run()
    assert stored_ids(warehouse) == [1]
    assert metadata(result, "raw_orders")["excluded_by_status"] == {"teleported": 1}
    assert metadata(result, "raw_orders")["unknown_statuses"] == {"teleported": 1}


def test_the_statuses_can_be_chosen_for_a_run(erp: Erp, run: Any, warehouse: DuckDBWarehouse) -> None:
    erp.order(1)
    erp.order(2, status="refunded")
    run(run_config={"ops": {"raw_orders": {"config": {"statuses": ["refunded"]}}}})
    assert stored_ids(warehouse) == [2]


def test_orders_of_a_null_or_unknown_customer_are_kept_unmatched(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.customer(7)
    for id_, customer in enumerate([7, None, 4711], start=1):
        erp.order(id_, customer=customer)
    result = run()
    assert stored_ids(warehouse) == [1, 2, 3]
    assert metadata(result, "silver_enriched_orders")["unmatched_customers"] == 2
    assert metadata(result, "silver_enriched_orders")["match_rate"] == pytest.approx(1 / 3)


@pytest.mark.slow
def test_ids_beyond_a_floats_precision_are_stored_as_they_are_beside_a_null(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(2**53 + 1, customer=2**62 + 1)
    erp.order(2**53 + 2)
    assert run().success
    stored = warehouse.query("select order_id, customer_id from raw.raw_orders order by 1")
    assert list(stored["order_id"]) == [2**53 + 1, 2**53 + 2]
    assert stored["customer_id"][0] == 2**62 + 1


def test_customers_of_a_day_are_those_that_changed_and_those_that_ordered(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.customer(1, updated_at="2025-01-15 12:00+00")
    erp.customer(2)
    erp.customer(3)
    erp.order(1, customer=2, status="cancelled")
    assert run(assets=[raw_customers]).success
    stored = warehouse.query("select id, snapshot_date from raw.raw_customers order by id")
    assert list(stored["id"]) == [1, 2]
    assert set(stored["snapshot_date"]) == {pd.Timestamp(DAY)}


def test_the_window_is_half_open_for_customers_too(erp: Erp, run: Any, warehouse: DuckDBWarehouse) -> None:
    ends = (
        "2025-01-14 23:59:59.999999+00",
        f"{DAY} 00:00+00",
        f"{DAY} 23:59:59.999999+00",
        "2025-01-16 00:00+00",
    )
    for id_, at in enumerate(ends, start=1):
        erp.customer(id_, updated_at=at)
        erp.customer(10 + id_)
        erp.order(id_, at, customer=10 + id_)
    assert run(assets=[raw_customers]).success
    assert list(warehouse.query("select id from raw.raw_customers order by id")["id"]) == [2, 3, 12, 13]


def test_a_customer_who_changed_and_ordered_on_a_day_is_stored_once(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.customer(1, updated_at=f"{DAY} 12:00+00")
    erp.order(1, customer=1)
    erp.order(2, customer=1)
    assert run(assets=[raw_customers]).success
    assert list(warehouse.query("select id from raw.raw_customers")["id"]) == [1]


@pytest.mark.slow
def test_a_rerun_replaces_the_day_and_leaves_its_neighbours(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00")
    run(tags=RANGE)
    erp.run("update orders set status = 'refunded'")
    erp.order(150)
    for _ in range(2):
        assert run().success
        assert stored_ids(warehouse) == [14, 16, 150]


@pytest.mark.slow
def test_a_range_is_stored_in_one_run_and_each_day_reports_its_own_numbers(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.customer(7, city="Rome")
    for id_, day in enumerate((14, 15, 15, 16), start=1):
        erp.order(id_, f"2025-01-{day} 10:00+00", customer=7, items=[(id_, "1.00", None)])
    result = run(tags=RANGE)
    assert stored_ids(warehouse) == [1, 2, 3, 4]
    for asset in ("raw_orders", "silver_enriched_orders"):
        reported = {
            m.partition: (m.metadata["dagster/partition_row_count"].value, m.metadata["total_amount"].value)
            for m in result.asset_materializations_for_node(asset)
        }
        assert reported == {"2025-01-14": (1, 1.0), DAY: (2, 5.0), "2025-01-16": (1, 4.0)}


@pytest.mark.slow
def test_a_range_joins_each_day_with_its_own_customers(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.customer(7, city="Rome")
    erp.order(1, "2025-01-14 10:00+00", customer=7)
    run(partition_key="2025-01-14")
    erp.run("update customers set city = 'Oslo'")
    erp.order(2, customer=7)
    erp.order(3, "2025-01-16 10:00+00", customer=7)
    run(partition_key=DAY)
    run(partition_key="2025-01-16")
    run(
        assets=[silver_enriched_orders, *[a.to_source_asset() for a in (raw_orders, raw_customers)]],
        tags=RANGE,
    )
    cities = warehouse.query("select order_id, city from silver.silver_enriched_orders order by 1")
    assert list(cities["city"]) == ["Rome", "Oslo", "Oslo"]


# --- a day without data ---


@pytest.mark.slow
def test_a_day_without_any_order_keeps_its_rows_and_is_reported(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse, instance: dg.DagsterInstance
) -> None:
    erp.order(1)
    run()
    erp.clear()
    result = run()
    assert result.success
    assert stored_ids(warehouse) == [1]
    assert not result.asset_materializations_for_node("raw_orders")
    assert result.filter_events(lambda event: event.is_step_skipped)
    assert run_tags(instance, result)["sales/no_data"] == "1"
    [observation] = result.asset_observations_for_node("raw_orders")
    assert observation.partition == DAY


@pytest.mark.slow
def test_allow_empty_stores_a_day_without_orders_as_empty(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(1)
    run()
    erp.clear()
    result = run(run_config={"ops": {"raw_orders": {"config": {"allow_empty": True}}}})
    assert result.asset_materializations_for_node("silver_enriched_orders")
    assert stored_ids(warehouse) == []


@pytest.mark.slow
def test_a_day_whose_orders_are_all_pending_is_stored_as_empty(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(1)
    run()
    erp.run("update orders set status = 'pending'")
    result = run()
    assert result.asset_materializations_for_node("silver_enriched_orders")
    assert stored_ids(warehouse) == []
    assert stored_ids(warehouse, "raw.raw_orders") == []


@pytest.mark.slow
def test_in_a_range_only_the_days_without_data_are_skipped(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse, instance: dg.DagsterInstance
) -> None:
    erp.order(1, "2025-01-14 10:00+00")
    erp.order(2, "2025-01-16 10:00+00", status="pending")
    result = run(tags=RANGE)
    assert result.success
    for asset in ("raw_orders", "silver_enriched_orders"):
        days = [m.partition for m in result.asset_materializations_for_node(asset)]
        assert days == ["2025-01-14", "2025-01-16"]
    assert run_tags(instance, result)["sales/no_data"] == "1"
    assert [o.partition for o in result.asset_observations_for_node("raw_orders")] == [DAY]


@pytest.mark.slow
def test_in_a_range_a_day_without_data_keeps_its_stored_rows_as_they_are(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.customer(7, city="Rome")
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00", customer=7)
    run(tags=RANGE)
    erp.run("delete from orders where id in (14, 15)", "update customers set city = 'Oslo'")
    erp.order(140, "2025-01-14 10:00+00", customer=7)
    assert run(tags=RANGE).success
    assert stored_ids(warehouse, "raw.raw_orders") == [15, 16, 140]
    cities = warehouse.query("select order_id, city from silver.silver_enriched_orders order by 1")
    assert list(cities.itertuples(index=False, name=None)) == [(15, "Rome"), (16, "Oslo"), (140, "Oslo")]


@pytest.mark.slow
def test_a_day_that_had_no_data_once_is_made_when_it_has_some(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    run()
    erp.order(1)
    assert run(assets=[raw_orders, raw_customers]).success
    upstream = [asset.to_source_asset() for asset in (raw_orders, raw_customers)]
    assert run(assets=[silver_enriched_orders, *upstream]).success
    assert stored_ids(warehouse) == [1]


SILVER_ALONE = [silver_enriched_orders, *[asset.to_source_asset() for asset in (raw_orders, raw_customers)]]


@pytest.mark.slow
def test_silver_alone_refuses_a_day_that_was_never_loaded_and_says_what_to_run(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00")
    run(assets=[raw_orders, raw_customers], partition_key="2025-01-14")
    result = run(assets=SILVER_ALONE)
    assert not result.success
    assert f"silver_enriched_orders for {DAY}: raw_orders was never loaded for this day." in failure(result)
    assert f"with `make repair RUN=1` or `make backfill FROM={DAY} TO={DAY}`" in failure(result)
    assert not result.filter_events(lambda event: event.is_step_up_for_retry)
    run(assets=[raw_orders], partition_key="2025-01-16")
    result = run(assets=SILVER_ALONE, tags=RANGE)
    assert "2025-01-16: raw_customers was never loaded for this day. No stored" in failure(result)
    assert f"`make backfill FROM={DAY} TO=2025-01-16`" in failure(result)
    assert stored_ids(warehouse) == [14]


@pytest.mark.slow
def test_silver_alone_skips_a_day_without_orders_and_stores_one_that_was_loaded_as_empty(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(14, "2025-01-14 10:00+00")
    erp.order(16, "2025-01-16 10:00+00", status="pending")
    run(assets=[raw_orders, raw_customers], tags=RANGE)
    result = run(assets=SILVER_ALONE, tags=RANGE)
    assert result.success
    stored = [m.partition for m in result.asset_materializations_for_node("silver_enriched_orders")]
    assert stored == ["2025-01-14", "2025-01-16"]
    assert stored_ids(warehouse) == [14]


@pytest.mark.slow
def test_a_corrected_order_needs_a_run_from_raw_orders_on_and_the_refusal_says_so(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(1, items=[(1, "-5.00", None)])
    run()
    erp.run("update order_items set unit_price = 5")
    result = run(assets=SILVER_ALONE)
    assert (
        "Correct the source where needed, then run from raw_orders on, with `make repair RUN=1`"
        in failure(result)
    )
    assert "; silver_enriched_orders alone would read the same stored rows again." in failure(result)
    assert run().success
    assert stored_ids(warehouse) == [1]


@pytest.mark.slow
def test_in_a_range_each_day_reports_its_excluded_and_unmatched_orders(erp: Erp, run: Any) -> None:
    erp.customer(7)
    erp.order(1, "2025-01-14 10:00+00", customer=7)
    erp.order(2, "2025-01-15 10:00+00", customer=4711)
    erp.order(3, "2025-01-16 10:00+00", customer=7)
    erp.order(4, "2025-01-16 10:00+00", status="odd")
    result = run(tags=RANGE)
    silver = result.asset_materializations_for_node("silver_enriched_orders")
    assert [m.metadata["unmatched_customers"].value for m in silver] == [0, 1, 0]
    assert [m.metadata["match_rate"].value for m in silver] == [1, 0, 1]
    raw = result.asset_materializations_for_node("raw_orders")
    assert [m.metadata["unknown_statuses"].value for m in raw] == [{}, {}, {"odd": 1}]


# --- what is reported ---


def test_metadata_has_rows_amounts_window_columns_and_the_query(erp: Erp, run: Any) -> None:
    erp.order(1)
    reported = metadata(run(), "raw_orders")
    assert reported["dagster/partition_row_count"] == 1
    assert reported["total_amount"] == 10
    assert reported["window"] == "[2025-01-15T00:00:00+00:00, 2025-01-16T00:00:00+00:00)"
    assert [column.name for column in reported["dagster/column_schema"].columns][:2] == [
        "order_id",
        "customer_id",
    ]
    assert reported["dagster/table_name"] == "raw.raw_orders"
    assert reported["query"].startswith('select * from "raw"."raw_orders" where')


def test_a_preview_redacts_personal_data_and_escapes_markdown(erp: Erp, run: Any) -> None:
    erp.customer(7, first_name="Bobby", city="<b>R|o*me</b> `x`", updated_at="2025-01-15 12:00+00")
    preview = metadata(run(assets=[raw_customers]), "raw_customers")["preview"]
    assert "Bobby" not in preview
    assert "Rossi" not in preview
    assert "@example.com" not in preview
    assert f"| {DAY} " in preview
    assert r"&lt;b&gt;R\|o\*me&lt;/b&gt; \`x\`" in preview


def test_a_value_of_a_million_letters_is_stored_and_shown_in_part(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    long = "x" * 1_000_000
    erp.customer(7, city=long, updated_at="2025-01-15 12:00+00")
    erp.order(1)
    erp.order(2, status=long)
    result = run(assets=[raw_customers, raw_orders])
    assert r"xxx… \(cut, 1000000 characters\)" in metadata(result, "raw_customers")["preview"]
    assert "xxx… (cut, 1000000 characters)" in str(metadata(result, "raw_orders")["unknown_statuses"])
    assert max(len(str(event)) for event in result.all_events) < 20_000
    assert warehouse.query("select max(length(city)) from raw.raw_customers").iat[0, 0] == 1_000_000


def test_quotes_and_markup_in_names_are_stored_as_they_are(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    name = "O'Brien \"; drop table customers; -- <i>|*"
    erp.customer(7, first_name=name, updated_at="2025-01-15 12:00+00")
    assert run(assets=[raw_customers]).success
    assert warehouse.query("select first_name from raw.raw_customers")["first_name"][0] == name


# --- bad data: one clear sentence, no retry, and what was stored stays ---


@pytest.mark.slow
def test_negative_amounts_fail_silver_and_keep_what_was_stored(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(1)
    run()
    erp.order(2, items=[(1, "10.00", "1.5")])
    result = run()
    assert not result.success
    assert "silver_enriched_orders for 2025-01-15: Negative amounts found in 1 order(s): 2." in failure(
        result
    )
    assert stored_ids(warehouse) == [1]
    assert not result.filter_events(lambda event: event.is_step_restarted)


@pytest.mark.slow
def test_one_bad_day_of_a_range_keeps_what_it_had_and_does_not_spoil_the_others(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse, instance: dg.DagsterInstance
) -> None:
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00")
    run(partition_key=DAY)
    erp.order(150, items=[(-1, "10.00", None)])
    result = run(tags=RANGE)
    assert not result.success
    assert "silver_enriched_orders for 2025-01-15: Negative amounts found in 1 order(s): 150." in failure(
        result
    )
    assert "2 other day(s) of the run are stored" in failure(result)
    stored = [m.partition for m in result.asset_materializations_for_node("silver_enriched_orders")]
    assert stored == ["2025-01-14", "2025-01-16"]
    assert stored_ids(warehouse) == [14, 15, 16]
    assert stored_ids(warehouse, "raw.raw_orders") == [14, 15, 16, 150]


@pytest.mark.slow
def test_one_bad_day_of_an_extraction_does_not_spoil_the_others_either(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00")
    erp.order(150, items=[(10, "9999999999999.99", None)])
    result = run(tags=RANGE)
    assert not result.success
    assert [m.partition for m in result.asset_materializations_for_node("raw_orders")] == [
        "2025-01-14",
        "2025-01-16",
    ]
    assert stored_ids(warehouse, "raw.raw_orders") == [14, 16]


@pytest.fixture
def lax_erp(erp: Erp) -> Iterator[Erp]:
    """An ERP that lets columns be null which should not be."""
    tables = ("orders", "customers")
    erp.run(*(f"alter table {table} alter column updated_at drop not null" for table in tables))
    yield erp
    erp.clear()
    erp.run(*(f"alter table {table} alter column updated_at set not null" for table in tables))


def test_one_day_whose_rows_do_not_fit_the_contract_does_not_spoil_the_others(
    lax_erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    for day in (14, 15, 16):
        lax_erp.customer(day)
        lax_erp.order(day, f"2025-01-{day} 10:00+00", customer=day)
    lax_erp.run(
        "update orders set updated_at = null where id = 15",
        "update customers set updated_at = null where id = 15",
    )
    good = ["2025-01-14", "2025-01-16"]
    for asset, key in ((raw_orders, "order_id"), (raw_customers, "id")):
        result = run(assets=[asset], tags=RANGE)
        name = asset.key.to_user_string()
        reason = f"{name} for {DAY}: updated_at must not be null, but is in 1 row(s): {key} 15. No stored"
        assert reason in failure(result)
        assert "2 other day(s) of the run are stored" in failure(result)
        assert [m.partition for m in result.asset_materializations_for_node(name)] == good
        assert not result.filter_events(lambda event: event.is_step_up_for_retry)
    assert stored_ids(warehouse, "raw.raw_orders") == [14, 16]
    assert list(warehouse.query("select id from raw.raw_customers order by 1")["id"]) == [14, 16]


@pytest.mark.slow
def test_an_order_in_two_days_of_a_range_is_checked_as_in_two_runs(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(1, "2025-01-14 10:00+00")
    run(assets=[raw_orders], tags=RANGE)
    erp.run("update orders set created_at = '2025-01-16 10:00+00'")
    run(assets=[raw_orders], partition_key="2025-01-16")
    silver = [silver_enriched_orders, *[asset.to_source_asset() for asset in (raw_orders, raw_customers)]]
    run(assets=[raw_customers], tags=RANGE)
    assert run(assets=silver, tags=RANGE).success
    assert stored_ids(warehouse) == [1, 1]


@pytest.mark.slow
def test_an_amount_that_is_too_large_is_refused_by_its_order(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse
) -> None:
    erp.order(1)
    run()
    erp.order(2, items=[(10, "9999999999999.99", None)])
    result = run()
    assert "raw_orders for 2025-01-15: Amounts above 100000000000" in failure(result)
    assert "found in 1 order(s): 2." in failure(result)
    assert stored_ids(warehouse, "raw.raw_orders") == [1]


def test_duplicate_orders_fail_silver(erp: Erp, settings: Settings, run: Any) -> None:
    rows = pd.DataFrame({"order_id": [1, 1], "customer_id": [7, 7], "total_amount": [1.0, 2.0]})
    customers = pd.DataFrame({"id": [7], "city": ["Rome"], "segment": ["consumer"]})
    mocked = Mock(execute_query=lambda sql, _: customers if "from customers" in sql else rows)
    with pytest.raises(ValueError, match=r"Duplicate orders found, 2 rows for 1 order\(s\): 1"):
        dg.materialize(
            ALL, resources={"postgres_erp": mocked, "io_manager": dg.mem_io_manager}, partition_key=DAY
        )


def test_duplicate_customers_are_refused_before_they_are_stored() -> None:
    customers = pd.DataFrame({"id": [7, 7], "city": ["Rome", "Oslo"], "segment": "consumer"})
    resources = {
        "postgres_erp": Mock(execute_query=Mock(return_value=customers)),
        "io_manager": dg.mem_io_manager,
    }
    with pytest.raises(
        ValueError, match=r"raw_customers for 2025-01-15: Duplicate customers found.*first ids: 7"
    ):
        dg.materialize([raw_customers], resources=resources, partition_key=DAY)


def test_a_day_outside_the_partitions_is_refused_by_its_name(erp: Erp, run: Any) -> None:
    with pytest.raises(dg.DagsterUnknownPartitionError, match="2024-12-31"):
        run(partition_key="2024-12-31", raise_on_error=True)


NOW = pd.Timestamp.now("UTC").normalize()
COMING = [str((NOW + pd.Timedelta(days=days)).date()) for days in (-2, 3)]


@pytest.mark.parametrize(("first", "last"), [("2024-12-30", "2025-01-02"), COMING], ids=["early", "late"])
def test_a_range_beyond_the_partitions_is_refused_in_one_sentence_and_not_retried(
    erp: Erp, run: Any, first: str, last: str
) -> None:
    tags = dict(zip(RANGE, (first, last), strict=True))
    result = run(assets=[raw_orders], tags=tags)
    assert not result.success
    assert f"The run asks for {first} to {last}, but the business days are 2025-01-01" in failure(result)
    assert not result.filter_events(lambda event: event.is_step_up_for_retry)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "rows_per_group"),
    [
        pytest.param("raw_orders", 1, id="raw, day by day"),
        pytest.param("silver_enriched_orders", 1_000, id="silver, at once"),
        pytest.param("raw_orders", 1_000, id="raw, at once", marks=pytest.mark.exhaustive),
        pytest.param("silver_enriched_orders", 1, id="silver, day by day", marks=pytest.mark.exhaustive),
    ],
)
def test_a_slow_range_does_not_bring_back_an_order_that_a_later_run_no_longer_found(
    erp: Erp,
    run: Any,
    warehouse: DuckDBWarehouse,
    monkeypatch: pytest.MonkeyPatch,
    *,
    step: str,
    rows_per_group: int,
) -> None:
    """The range has read, the order is cancelled and its day run alone, then the range writes."""
    erp.order(1, "2025-01-14 12:00+00")
    erp.order(2)
    erp.order(3)
    monkeypatch.setattr(day_groups, "ROWS_PER_GROUP", rows_per_group)
    slow = [step]

    def prepare_slowly(days: DailyRun, *arguments: Any, **options: Any) -> Any:
        if slow == [days.context.asset_key.to_user_string()] and DAY in days.window.days:
            slow.clear()
            erp.run("update orders set status = 'cancelled', updated_at = now() where id = 2")
            assert run().success
        return prepare_days(days, *arguments, **options)

    monkeypatch.setattr(import_module(f"sales_assets.assets.{step}"), "prepare_days", prepare_slowly)
    result = run(tags=RANGE)
    assert result.success
    assert not slow
    assert stored_ids(warehouse, "raw.raw_orders") == stored_ids(warehouse) == [1, 3]

    reported = {each.partition: each.metadata for each in result.asset_materializations_for_node(step)}
    assert KEPT_NEWER_ROWS not in reported["2025-01-14"]
    assert "after this run's" in str(reported[DAY][KEPT_NEWER_ROWS].value)
    assert reported[DAY]["row_count"].value == reported[DAY]["dagster/partition_row_count"].value == 1
    days = warehouse.query("select business_day from silver.silver_enriched_orders order by order_id")
    assert [str(day.date()) for day in days["business_day"]] == ["2025-01-14", DAY]


@pytest.mark.slow
def test_a_range_that_is_tried_again_goes_on_after_the_days_that_it_stored(
    erp: Erp,
    run: Any,
    warehouse: DuckDBWarehouse,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00", customer=7)
    erp.customer(7)
    monkeypatch.setattr(day_groups, "ROWS_PER_GROUP", 0)
    begin = create_autospec(PostgresResource.begin_query, side_effect=PostgresResource.begin_query)
    monkeypatch.setattr(PostgresResource, "begin_query", begin)
    asked: list[str] = []
    query = PostgresResource.execute_query

    def break_once(postgres: PostgresResource, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        if sql == RAW_ORDERS_SQL:
            asked.append(f"{params[0]:%d}")
            if asked == ["14", "15"]:
                message = "The ERP did not answer."
                raise ErpUnavailableError(message)
        return query(postgres, sql, params)

    monkeypatch.setattr(PostgresResource, "execute_query", break_once)
    result = run(tags=RANGE)
    assert result.success
    assert asked == ["14", "15", "15", "16"]
    begun = [(call.args[1], f"{call.args[2][0]:%d}") for call in begin.mock_calls]
    assert begun == [(sql, day) for sql in (RAW_CUSTOMERS_SQL, RAW_ORDERS_SQL) for day in ("15", "16")]
    assert stored_ids(warehouse) == [14, 15, 16]
    for asset in ALL:
        records = instance.fetch_materializations(asset.key, limit=9, ascending=True).records
        recorded = [each for record in records if (each := record.asset_materialization)]
        assert [each.partition for each in recorded] == ["2025-01-14", DAY, "2025-01-16"]
        assert [str(each.metadata["window"].value)[1:11] for each in recorded] == [
            "2025-01-14",
            DAY,
            "2025-01-16",
        ]


@pytest.mark.slow
def test_a_day_that_is_refused_in_one_group_does_not_keep_the_next_group_out(
    erp: Erp, run: Any, warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (14, 15, 16):
        erp.order(day, f"2025-01-{day} 10:00+00", items=[(1, "-5.00" if day == 15 else "5.00", None)])
    monkeypatch.setattr(day_groups, "ROWS_PER_GROUP", 0)
    result = run(tags=RANGE)
    assert "silver_enriched_orders for 2025-01-15: Negative amounts found" in failure(result)
    assert "2 other day(s) of the run are stored" in failure(result)
    assert stored_ids(warehouse) == [14, 16]
