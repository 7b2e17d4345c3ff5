"""The checks that read the warehouse or what loads reported, on a small warehouse with nine weeks."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from sales_assets.catalog.names import DAILY_SALES_KEY, RAW_ORDERS_KEY, SILVER_ORDERS_KEY
from sales_assets.catalog.partitions import BACKFILL, DAILY
from sales_assets.checks import (
    customers_are_matched,
    layers_agree,
    no_orders_are_rejected,
    volume_is_in_its_band,
)
from sales_assets.warehouse.duckdb import DuckDBWarehouse

DAYS = DAILY.get_partition_keys()[-63:]
DAY = DAYS[-2]
TABLES = f"""
    create schema raw; create schema silver; create schema gold;
    create table raw.raw_orders as
        select d * 1000 + n as order_id, 1.25::decimal(18, 4) as total_amount,
            timestamp '{DAYS[0]} 00:00' + to_days(d::int) + to_seconds(n * 200) as order_date
        from range(63) as days (d), range(400) as numbers (n);
    create table silver.silver_enriched_orders as from raw.raw_orders;
    create table gold.fct_orders as
        select order_id, order_date::date as order_date, total_amount from raw.raw_orders;
    create table gold.daily_sales as
        select order_date, 'erp' as channel, count(*) as order_count, sum(total_amount) as total_amount
        from gold.fct_orders group by 1;
    insert into gold.daily_sales select order_date, 'bazaar', 7, 70 from gold.daily_sales;
"""


@pytest.fixture(scope="module")
def small_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checks") / "sales.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(TABLES)
    return path


Check = Callable[..., dg.AssetCheckEvaluation]


@pytest.fixture
def check(small_warehouse: Path, tmp_path: Path, instance: dg.DagsterInstance) -> Check:
    """Plants something in a copy of the warehouse, and evaluates a check, by default for one day."""
    database = shutil.copy(small_warehouse, tmp_path / "sales.duckdb")

    def stub(key: dg.AssetKey) -> dg.AssetsDefinition:
        @dg.asset(key=key, partitions_def=DAILY, backfill_policy=BACKFILL)
        def stored() -> None: ...

        return stored

    def evaluate(definition: Any, planted: str = "", **options: Any) -> dg.AssetCheckEvaluation:
        if planted:
            with duckdb.connect(database) as connection:
                connection.execute(planted)
        key = next(iter(definition.check_keys)).asset_key
        asset = stub(key) if "partition_key" in options else dg.AssetSpec(key)
        job = dg.Definitions(
            [asset],
            asset_checks=[definition],
            resources={"warehouse": DuckDBWarehouse(database=str(database))},
        ).resolve_implicit_global_asset_job_def()
        [evaluation] = job.execute_in_process(instance=instance, **options).get_asset_check_evaluations()
        return evaluation

    return evaluate


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        (
            "insert into raw.raw_orders values (1, 5, '{day} 23:59:59')",
            "silver_enriched_orders has 400 sale(s) of 500.0000, raw_orders 401 of 505.0000.",
        ),
        (
            "delete from silver.silver_enriched_orders where order_date = '{day} 00:00'",
            "silver_enriched_orders has 399 sale(s) of 498.7500, raw_orders 400 of 500.0000.",
        ),
        (
            "update gold.fct_orders set total_amount = 1.2501 where order_id = 61000",
            "fct_orders has 400 sale(s) of 500.0001, silver_enriched_orders 400 of 500.0000.",
        ),
        (
            "delete from gold.daily_sales where order_date = '{day}' and channel = 'erp'",
            "daily_sales has 0 sale(s) of 0, fct_orders 400 of 500.0000.",
        ),
    ],
    ids=["raw", "silver", "fct_orders", "daily_sales"],
)
def test_what_is_planted_in_a_layer_is_found_there(check: Check, planted: str, sentence: str) -> None:
    assert check(layers_agree).passed
    found = check(layers_agree, planted.format(day=DAY))
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert str(found.description).startswith(f"{DAY}: {sentence}")


def test_the_layers_are_read_on_one_connection(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, connect = [], duckdb.connect

    def counting(*arguments: Any, **options: Any) -> duckdb.DuckDBPyConnection:
        opened.append(arguments)
        return connect(*arguments, **options)

    monkeypatch.setattr(duckdb, "connect", counting)
    assert check(layers_agree).passed
    assert len(opened) == 1


@pytest.mark.slow
def test_a_run_of_one_day_compares_that_day_and_layers_without_a_table_are_empty(check: Check) -> None:
    planted = f"delete from gold.fct_orders where order_date = '{DAY}'"
    assert check(layers_agree, planted, partition_key=DAYS[-3]).passed
    assert not check(layers_agree, partition_key=DAY).passed
    assert not check(layers_agree, "drop table silver.silver_enriched_orders").passed


def test_a_day_with_few_orders_warns_and_one_with_hardly_any_fails_whatever_their_status(
    check: Check, instance: dg.DagsterInstance
) -> None:
    def report(day: str, sales: int, pending: int) -> None:
        counts: dict[str, Any] = {"row_count": sales, "excluded_by_status": {"pending": pending}}
        instance.report_runless_asset_event(
            dg.AssetMaterialization(RAW_ORDERS_KEY, partition=day, metadata=counts)
        )

    for day in DAYS[:-1]:
        report(day, 400, 10)
    report(DAYS[-1], 150, 260)  # not completed yet
    assert check(volume_is_in_its_band).passed
    report(DAY, 250, 20)
    found = check(volume_is_in_its_band)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert f"{DAY} has 270 order(s) where 410 are usual" in str(found.description)
    report(DAY, 40, 0)
    found = check(volume_is_in_its_band)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)


def test_a_day_with_fewer_known_customers_than_usual_warns_or_fails(
    check: Check, instance: dg.DagsterInstance
) -> None:
    def report(day: str, rate: float) -> None:
        event = dg.AssetMaterialization(SILVER_ORDERS_KEY, partition=day, metadata={"match_rate": rate})
        instance.report_runless_asset_event(event)

    report(DAY, 0.1)
    assert check(customers_are_matched).passed
    for number, day in enumerate(DAYS[20:]):
        report(day, 0.97 + number % 3 / 100)
    assert check(customers_are_matched).passed
    report(DAY, 0.89)
    found = check(customers_are_matched)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert f"89.0% of the orders of {DAY}, usually 98.0%" in str(found.description)
    report(DAY, 0.5)
    assert check(customers_are_matched).severity == dg.AssetCheckSeverity.ERROR


def test_before_anything_is_stored_nothing_is_judged(check: Check) -> None:
    gone = "drop schema raw cascade; drop schema silver cascade; drop schema gold cascade"
    assert check(layers_agree, gone).passed
    assert check(volume_is_in_its_band).passed
    assert check(no_orders_are_rejected).passed
    assert {RAW_ORDERS_KEY, DAILY_SALES_KEY} == {
        next(iter(each.check_keys)).asset_key for each in (layers_agree, no_orders_are_rejected)
    }
