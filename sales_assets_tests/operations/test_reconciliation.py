"""The reconciliation of gold with the ERP, on a real PostgreSQL and a real DuckDB file."""

import os
from functools import cached_property
from typing import Any
from unittest.mock import patch

import dagster as dg
import duckdb
import pytest

from sales_assets.assets import raw_orders
from sales_assets.catalog.names import DAILY_JOB, FCT_ORDERS_KEY, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import BACKFILL, DAILY, window_between
from sales_assets.checks import agrees_with_the_erp
from sales_assets.checks.yesterday_is_complete import is_complete
from sales_assets.definitions import build_definitions
from sales_assets.operations.repair.execute_plan import execute_plan
from sales_assets.operations.repair.gaps import MISSING, STALE, range_tags
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import RepairPlan, plan_repair
from sales_assets.resources import build_resources
from sales_assets.settings import Settings
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.runs import begin_load

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("files_stay_open")]  # most run several days

DAYS = ["2025-01-14", "2025-01-15", "2025-01-16"]


class Books:
    """The ERP, a gold table that tests write, and the check that compares the two."""

    def __init__(self, erp: Erp, settings: Settings, definitions: dg.Definitions):
        self.erp = erp
        self.settings = settings
        self.definitions = definitions
        self.instance = dg.DagsterInstance.ephemeral()
        settings.duckdb_path.unlink(missing_ok=True)
        with duckdb.connect(settings.duckdb_path) as connection:
            connection.execute("create schema gold")
            connection.execute(
                "create table gold.fct_orders (order_id bigint, order_date date, total_amount decimal(18, 4))"
            )

    def store_in_gold(self, *rows: tuple[int, str, str]) -> None:
        """Store orders in gold."""
        with duckdb.connect(self.settings.duckdb_path) as connection:
            connection.executemany("insert into gold.fct_orders values (?, ?, ?)", rows)

    def change_gold(self, statement: str) -> None:
        """Run a statement on the warehouse."""
        with duckdb.connect(self.settings.duckdb_path) as connection:
            connection.execute(statement)

    def record_load(self, *days: str) -> None:
        """Record that the orders of the days were loaded now."""
        for day in days:
            self.instance.report_runless_asset_event(dg.AssetMaterialization(RAW_ORDERS_KEY, partition=day))

    def record_all(self, *days: str) -> None:
        """Record that all daily assets were materialized now."""
        for asset in Lineage.of_job(self.job).daily:
            for day in days:
                self.instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=day))

    def plan_repair(self) -> RepairPlan:
        """Plan the repair of the three days."""
        return plan_repair(
            window_between(DAYS[0], DAYS[-1]),
            Lineage.of_job(self.job),
            self.instance,
            postgres_erp=self.erp.resource,
            warehouse=DuckDBWarehouse(database=str(self.settings.duckdb_path)),
            at_most=None,
        )

    @cached_property
    def job(self) -> dg.JobDefinition:
        """The daily job."""
        return self.definitions.resolve_job_def(DAILY_JOB)

    def check(self, **options: Any) -> dg.AssetCheckEvaluation:
        """Run the check; by default for the three days."""
        config = {"first_day": DAYS[0], "last_day": DAYS[-1]} | options.pop("config", {})
        if not options:
            options["run_config"] = {"ops": {"gold__fct_orders_agrees_with_the_erp": {"config": config}}}
        job = options.pop("job", None)
        job = job or self.definitions.resolve_job_def("reconciliation_job")
        with patch.dict(os.environ, {"ERP_POSTGRES_URL": self.erp.url}):
            result = job.execute_in_process(instance=self.instance, **options)
        [evaluation] = result.get_asset_check_evaluations()
        return evaluation


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dg.Definitions]:
    """The code location, half of a test's time, and its settings; each test makes the warehouse anew."""
    folder = tmp_path_factory.mktemp("books")
    settings = settings_with(duckdb_path=folder / "sales.duckdb", has_erp_url=True)
    return settings, build_definitions(settings)


@pytest.fixture
def books(erp: Erp, location: tuple[Settings, dg.Definitions]) -> Books:
    books = Books(erp, *location)
    books.erp.order(1, "2025-01-14 10:00+00", items=[(3, "0.33", "0.1")])
    books.erp.order(2, "2025-01-15 23:59:59.999999+00", status="shipped")
    books.erp.order(3, "2025-01-15 00:00+00", status="cancelled")
    books.store_in_gold((1, "2025-01-14", "0.8910"), (2, "2025-01-15", "10"))
    books.record_load(*DAYS)
    return books


def test_days_that_agree_to_the_last_digit_pass(books: Books) -> None:
    evaluation = books.check()
    assert evaluation.passed
    assert evaluation.description == "Gold has exactly the ERP's sales of 2025-01-14 to 2025-01-16."


@pytest.mark.parametrize(
    ("change", "day"),
    [
        ("delete from gold.fct_orders where order_id = 1", "2025-01-14"),
        ("update gold.fct_orders set total_amount = 0.8911 where order_id = 1", "2025-01-14"),
        ("insert into gold.fct_orders values (9, '2025-01-16', 0)", "2025-01-16"),
    ],
)
def test_a_day_that_differs_in_number_or_in_the_last_digit_fails_by_name(
    books: Books, change: str, day: str
) -> None:
    books.change_gold(change)
    evaluation = books.check()
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert f"1 day(s) of 2025-01-14 to 2025-01-16 differ from the ERP. {day}: " in str(evaluation.description)
    table = str(evaluation.metadata["table"].value)
    assert day in table
    assert len(table.splitlines()) == 3


def test_amounts_of_eighteen_digits_are_compared_to_the_last(books: Books) -> None:
    books.erp.order(4, "2025-01-16 10:00+00", items=[(9, "9999999999999.99", None), (1, "0.01", "0.99")])
    books.store_in_gold((4, "2025-01-16", "89999999999999.9101"))
    assert books.check().passed
    books.change_gold("update gold.fct_orders set total_amount = 89999999999999.9102 where order_id = 4")
    assert not books.check().passed


def test_a_difference_of_one_cent_in_a_million_is_visible_in_the_table(books: Books) -> None:
    books.erp.order(4, "2025-01-16 10:00+00", items=[(1, "1234567.89", None)])
    books.store_in_gold((4, "2025-01-16", "1234567.88"))
    table = str(books.check().metadata["table"].value)
    [row] = [line for line in table.splitlines() if "2025-01-16" in line]
    assert [cell.strip() for cell in row.split("|")[2:6]] == ["1", "1", "1234567.8900", "1234567.8800"]


def test_the_erps_days_are_compared_whatever_the_format_of_dates_in_the_roles_sessions(books: Books) -> None:
    books.erp = books.erp.through_views({}, {"datestyle": "German, DMY", "timezone": "Asia/Tokyo"})
    assert books.check().passed


def test_a_padded_status_is_compared_like_any_other_and_an_infinite_change_counts_as_none(
    books: Books,
) -> None:
    orders = (
        "select id, customer_id, created_at, 'infinity'::timestamptz as updated_at,"
        " status::char(12) as status from public.orders"
    )
    books.erp = books.erp.through_views({"orders": orders})
    assert books.check().passed
    books.store_in_gold((8, "2025-01-14", "5"))
    assert "2025-01-14: differs although nothing changed since its load" in str(books.check().description)


def test_orders_just_outside_the_window_are_not_compared(books: Books) -> None:
    books.erp.order(4, "2025-01-13 23:59:59.999999+00")
    books.erp.order(5, "2025-01-17 00:00+00")
    assert books.check().passed


def test_an_order_deleted_in_the_erp_is_found_although_deletion_leaves_no_timestamp(books: Books) -> None:
    books.erp.run("delete from orders where id = 2")
    assert "2025-01-15: differs although nothing changed since its load" in str(books.check().description)


def test_a_day_without_any_order_left_in_the_erp_is_described_as_such(books: Books) -> None:
    books.erp.run("delete from orders")
    assert "2025-01-14 to 2025-01-15: the ERP no longer has orders for it" in str(books.check().description)


def test_a_day_that_changed_after_its_load_is_only_a_warning_because_the_sensor_reloads_it(
    books: Books,
) -> None:
    books.erp.run("update orders set status = 'completed', updated_at = now() + interval '1 s' where id = 3")
    evaluation = books.check()
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    assert "2025-01-15: changed in the ERP after its load" in str(evaluation.description)


def test_a_late_change_does_not_hide_a_day_that_differs_for_another_reason(books: Books) -> None:
    books.erp.run("update orders set status = 'completed', updated_at = now() + interval '1 s' where id = 3")
    books.store_in_gold((8, "2025-01-14", "5"))
    assert books.check().severity == dg.AssetCheckSeverity.ERROR


def test_a_day_that_was_never_loaded_differs(books: Books) -> None:
    books.erp.order(4, "2025-01-17 10:00+00")
    evaluation = books.check(config={"last_day": "2025-01-17"})
    assert "2025-01-17: never loaded" in str(evaluation.description)


def test_before_gold_has_a_table_days_with_sales_differ_and_empty_days_do_not(books: Books) -> None:
    books.change_gold("drop table gold.fct_orders")
    assert "2 day(s) of 2025-01-14 to 2025-01-16 differ" in str(books.check().description)
    books.erp.run("delete from orders")
    assert books.check().passed


def test_a_run_of_certain_days_compares_those(books: Books) -> None:
    @dg.asset(key=FCT_ORDERS_KEY, partitions_def=DAILY, backfill_policy=BACKFILL)
    def fct_orders() -> None: ...

    resources = build_resources(books.settings)
    job = dg.Definitions(
        [fct_orders], asset_checks=[agrees_with_the_erp], resources=resources
    ).resolve_implicit_global_asset_job_def()
    books.store_in_gold((8, "2025-01-16", "5"))
    one = books.check(job=job, partition_key="2025-01-15")
    assert one.passed
    assert one.metadata["days"].value == 1
    some = books.check(job=job, tags=range_tags("2025-01-15", "2025-01-16"))
    assert not some.passed
    assert some.metadata["days"].value == 2


def test_a_repair_skips_a_day_in_progress_even_if_it_differs(books: Books) -> None:
    books.record_all(*DAYS)
    books.store_in_gold((8, DAYS[1], "5"))
    begin_load(books.instance, DAYS[1])
    plan = books.plan_repair()
    assert (plan.days, plan.in_progress) == ({}, {DAYS[1]})


def test_a_repair_runs_stale_days_but_skips_those_without_orders_in_the_erp(
    books: Books,
) -> None:
    books.record_all(*DAYS)
    books.erp.run("delete from orders where id = 1")
    for day in DAYS[:2]:
        customers = dg.AssetMaterialization("raw_customers", partition=day)
        books.instance.report_runless_asset_event(customers)
    plan = books.plan_repair()
    assert plan.not_in_erp == DAYS[:1]
    assert {day: set(reasons.values()) for day, reasons in plan.days.items()} == {DAYS[1]: {STALE}}
    assert set(plan.unpartitioned.values()) == {MISSING}


def test_a_repair_that_changed_nothing_says_so_and_is_not_planned_again(books: Books) -> None:
    books.record_all(*DAYS)
    books.store_in_gold((8, DAYS[1], "5"))
    warehouse = DuckDBWarehouse(database=str(books.settings.duckdb_path))
    sources: dict[str, Any] = {"postgres_erp": books.erp.resource, "warehouse": warehouse}
    said: list[str] = []
    plan = books.plan_repair()
    with patch("sales_assets.operations.repair.execute_plan.execute_runs", return_value=1):
        execute_plan(plan, books.job, books.instance, said.append, "a test", **sources)
    assert DAYS[1] in books.plan_repair().days

    with patch("sales_assets.operations.repair.execute_plan.execute_runs", return_value=0):
        execute_plan(plan, books.job, books.instance, said.append, "a test", **sources)
    assert [text.split(":")[0] for text in said] == [f"The repair changed nothing for {DAYS[1]}"]
    again = books.plan_repair()
    assert (again.days, again.in_vain) == ({}, [DAYS[1]])
    assert f"a repair changed nothing for {DAYS[1]}" in str(again)
    assert not is_complete(again)

    books.store_in_gold((9, DAYS[1], "5"))
    assert set(books.plan_repair().days) == {DAYS[1]}


def test_descendants_of_a_missing_mart_are_run_with_it(books: Books) -> None:
    files = dg.AssetKey(["staging", "stg_marketplace_orders"])
    books.record_all(*DAYS)
    for asset in Lineage.of_job(books.job).unpartitioned:
        if asset != files:
            books.instance.report_runless_asset_event(dg.AssetMaterialization(asset))
    marts = ("daily_sales", "monthly_revenue", "sales_anomalies")
    stale = {dg.AssetKey(["gold", mart]): STALE for mart in marts}
    assert books.plan_repair().unpartitioned == {files: MISSING, **stale}
    books.instance.report_runless_asset_event(dg.AssetMaterialization(files))
    assert books.plan_repair().unpartitioned == stale


def test_a_day_that_was_loaded_with_statuses_of_its_own_is_compared_by_these(books: Books) -> None:
    books.record_all(*DAYS)
    chosen = {"statuses": ["cancelled"]}
    load = {"io_manager": dg.mem_io_manager, "postgres_erp": books.erp.resource}
    config = {"ops": {"raw_orders": {"config": chosen}}}
    dg.materialize(
        [raw_orders], partition_key=DAYS[1], resources=load, run_config=config, instance=books.instance
    )
    books.erp.run("update orders set status = 'refunded' where id = 2")
    assert books.check().passed
    books.record_load(DAYS[1])
    assert not books.check().passed


def test_by_default_the_look_back_is_compared(books: Books) -> None:
    evaluation = books.check(run_config={})
    assert evaluation.passed
    assert evaluation.metadata["days"].value == 7


def test_an_invalid_last_day_is_refused_instead_of_being_replaced(books: Books) -> None:
    for last_day in ("2025-1-16", "2999-01-01", "yesterday", "2024-12-31"):
        with pytest.raises(Exception, match="the business days are"):
            books.check(config={"first_day": None, "last_day": last_day})
