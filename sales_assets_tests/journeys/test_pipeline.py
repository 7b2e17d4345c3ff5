"""The main street from the ERP to gold: real PostgreSQL, real dbt, a real DuckDB file."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from sales_assets.catalog.names import FCT_ORDERS_KEY, NO_DATA_TAG, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import window_between
from sales_assets.dbt.failures import DbtFailedError
from sales_assets.dbt.project import PROJECT_DIR, build_dbt_resource, prepare_project
from sales_assets.errors import RefusedError
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.repair_plan import RepairPlan, plan_repair
from sales_assets.private_apis.job_assets import list_job_assets
from sales_assets.reports.key_figures import SALES_BY_CHANNEL
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.pipeline import DAYS, ORDER_TABLES, RANGE, TO_ANOMALIES, Pipeline
from sales_assets_tests.support.python_process import run_python
from sales_assets_tests.support.results import failure

pytestmark = pytest.mark.slow


def fill(erp: Erp, seed: int) -> None:
    """Orders of four days with whatever the schema allows; the amounts are meant to be awkward."""
    chance = random.Random(seed)  # noqa: S311 - the same awkward orders every time
    for customer in range(1, 6):
        erp.customer(customer)
    for id_ in range(1, 81):
        minute = chance.choice(["00:00:00", "23:59:59.999999", f"{chance.randrange(24):02}:30:15.5"])
        items = [
            (
                chance.choice([0, 1, 3, 999]),
                f"{chance.choice([0, 1, 99999, 12345678])}.{chance.randrange(100):02}",
                chance.choice([None, "0", "0.1", "0.3333", "0.9999", "1"]),
            )
            for _ in range(chance.randrange(5))
        ]
        status = chance.choice(["completed", "shipped", "completed", "pending", "refunded", "odd"])
        buyer = chance.choice([None, 1, 2, 3, 4, 5, 999])
        erp.order(id_, f"{chance.choice(DAYS)} {minute}+00", customer=buyer, status=status, items=items)


@pytest.fixture(scope="module")
def stocked(postgres: Erp, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A pipeline that ran once for four days; the tests that share it only look, or copy its file."""
    postgres.clear()
    fill(postgres, seed=20250115)
    folder = tmp_path_factory.mktemp("pipeline")
    pipeline = Pipeline(postgres, settings_with(duckdb_path=folder / "sales.duckdb", has_erp_url=True))
    assert pipeline.run().success
    return pipeline


@pytest.fixture
def changed(stocked: Pipeline, tmp_path: Path) -> Iterator[Pipeline]:
    """The same pipeline with a history of its own, whose warehouse may be changed and is put back."""
    database = stocked.settings.duckdb_path
    kept = shutil.copy(database, tmp_path / "kept.duckdb")
    yield stocked.with_new_history()
    shutil.copy(kept, database)


@pytest.mark.parametrize("day", DAYS)
def test_every_table_has_exactly_the_erps_count_and_sum_of_the_day(stocked: Pipeline, day: str) -> None:
    expected = stocked.erp.totals(day)
    assert expected[0] > 0
    assert stocked.totals(day) == dict.fromkeys([*ORDER_TABLES, "gold.daily_sales"], expected)


def test_the_months_revenue_is_that_of_its_days(stocked: Pipeline) -> None:
    months = stocked.warehouse.query("select month, total_amount::varchar as total from gold.monthly_revenue")
    days = stocked.warehouse.query(
        "select sum(total_amount)::decimal(38,4)::varchar as total from gold.daily_sales"
    )
    assert list(months["total"]) == list(days["total"])
    assert str(months["month"][0].date()) == "2025-01-01"


def test_the_marts_are_what_python_computes_from_the_orders(stocked: Pipeline) -> None:
    query = stocked.warehouse.query
    orders = query(
        "select customer_id, order_date, coalesce(segment, 'unknown') as segment, "
        "coalesce(city, 'unknown') as city, total_amount::varchar as amount from gold.fct_orders"
    )
    orders["amount"] = orders["amount"].map(Decimal)
    with_customer = orders.dropna(subset="customer_id")
    for mart, column, rows in (
        ("customer_lifetime_value", "customer_id", with_customer),
        ("segment_performance", "segment", orders),
        ("city_performance", "city", orders),
    ):
        stored = query(f"select {column} as key, order_count, revenue::varchar as revenue from gold.{mart}")
        found: dict[Any, Any] = {
            key: (count, Decimal(revenue)) for key, count, revenue in stored.to_numpy().tolist()
        }
        amounts = rows.groupby(column)["amount"]
        assert found == {key: (len(each), sum(each)) for key, each in amounts}, mart
    cohort = query("select * replace (revenue::varchar as revenue) from gold.customer_cohorts").iloc[0]
    assert cohort["order_count"] == len(with_customer)
    assert Decimal(cohort["revenue"]) == with_customer["amount"].sum()
    assert (cohort["cohort_size"], cohort["retention"]) == (with_customer["customer_id"].nunique(), 1)
    days = query("select order_date, segment, actual::varchar as actual, verdict from gold.sales_anomalies")
    by_day = orders.groupby(["order_date", "segment"])["amount"].sum()
    actual = days["actual"].map(Decimal)
    found = dict(zip(zip(days["order_date"], days["segment"], strict=True), actual, strict=True))
    assert {key: amount for key, amount in found.items() if amount} == by_day[by_day > 0].to_dict()
    assert set(days["verdict"]) == {"not_judged"}


def test_every_table_and_column_has_its_description_in_the_warehouse(stocked: Pipeline) -> None:
    relations = "select table_name as name, comment from duckdb_tables() where schema_name = 'gold' "
    relations += "union all select view_name, comment from duckdb_views() where schema_name = 'staging'"
    columns = (
        "select table_name || '.' || column_name as name, comment from duckdb_columns() where not internal"
    )
    for names in (relations, columns):
        found = stocked.warehouse.query(names)
        assert len(found) > 10
        assert list(found.loc[found["comment"].isna(), "name"]) == []


def test_gold_shows_its_rows_and_the_marts_their_figures_and_plots(stocked: Pipeline) -> None:
    def shown(mart: str) -> dict[str, Any]:
        event = stocked.instance.get_latest_materialization_event(dg.AssetKey(["gold", mart]))
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    tables = stocked.warehouse.query("select table_name from duckdb_tables() where schema_name = 'gold'")
    for mart in tables["table_name"]:
        [count] = stocked.warehouse.query(f"select count(*) as n from gold.{mart}")["n"]
        assert shown(mart)["dagster/row_count"] == count, mart
    for mart in ("daily_sales", "monthly_revenue", "customer_cohorts", "sales_anomalies"):
        assert shown(mart)["plot"].startswith(f"![{mart}](data:image/svg+xml;base64,")
    figures = shown("daily_sales")
    count, total = stocked.erp.totals(DAYS[-1])
    assert (figures["last_day"], figures["orders_of_last_day"]) == (DAYS[-1], count)
    assert figures["revenue_of_last_day_eur"] == float(total or 0)
    by_channel = {"channel": "erp", "currency": "EUR", "orders": count, "revenue": float(total or 0)}
    assert figures[SALES_BY_CHANNEL] == [by_channel]  # what Prometheus is shown


def test_days_carry_the_version_of_their_code_and_are_made_again_only_if_asked(stocked: Pipeline) -> None:
    nodes = list_job_assets(stocked.job)

    def plan(version: str | None, *, remake: bool) -> RepairPlan:
        changed = [replace(node, code_version=version or node.code_version) for node in nodes]
        return plan_repair(
            window_between(DAYS[0], DAYS[-1]),
            Lineage(changed),
            stocked.instance,
            postgres_erp=stocked.erp.resource,
            warehouse=stocked.warehouse,
            at_most=None,
            remake_outdated=remake,
        )

    assert plan(None, remake=True).outdated == {}
    told = plan("newer", remake=False)
    made = {"raw_orders", "raw_customers", "silver_enriched_orders", "gold/fct_orders"}
    assert {day: {key.to_user_string() for key in reasons} for day, reasons in told.outdated.items()} == {
        day: made for day in DAYS
    }
    assert (told.runs, told.days) == ([], {})
    [run] = plan("newer", remake=True).runs
    assert (run.first, run.last, len(run.assets)) == (DAYS[0], DAYS[-1], len(nodes))


def test_dim_customers_has_each_customer_once(stocked: Pipeline) -> None:
    ids = stocked.warehouse.query("select customer_id from gold.dim_customers order by 1")["customer_id"]
    assert list(ids) == [1, 2, 3, 4, 5]


def test_dbts_tests_are_asset_checks_and_all_passed(stocked: Pipeline) -> None:
    keys = stocked.job.asset_layer.asset_graph.asset_check_keys
    of_dbt = [key for key in keys if key.name != "statuses_are_plausible"]
    records = stocked.instance.event_log_storage.get_asset_check_summary_records(of_dbt)
    statuses = {
        key.name: record.last_check_execution_record.status.value
        for key, record in records.items()
        if record.last_check_execution_record
    }
    assert len(statuses) > 30
    assert set(statuses.values()) == {"SUCCEEDED"}


def test_an_unknown_status_of_many_orders_is_a_warning_of_the_daily_job(stocked: Pipeline) -> None:
    [key] = [
        k for k in stocked.job.asset_layer.asset_graph.asset_check_keys if k.name == "statuses_are_plausible"
    ]
    records = stocked.instance.event_log_storage.get_asset_check_summary_records([key])
    latest = records[key].last_check_execution_record
    evaluation = latest.evaluation if latest else None
    assert evaluation is not None
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    assert "the unknown status 'odd' on 2025-01-15 to 2025-01-17" in str(evaluation.description)


@pytest.mark.usefixtures("models_alone")
def test_running_a_day_again_follows_the_erp_and_leaves_the_neighbours(
    stocked: Pipeline, changed: Pipeline
) -> None:
    before = {day: changed.totals(day) for day in DAYS}
    of_orders: dict[str, Any] = {
        "partition_key": "2025-01-15",
        "asset_selection": list(TO_ANOMALIES.resolve(changed.job.asset_layer.asset_graph)),
    }
    try:
        stocked.erp.run("update orders set status = 'cancelled'")
        stocked.erp.order(1000, "2025-01-15 12:00+00", items=[(3, "0.07", "0.3333")])
        assert changed.run(**of_orders).success
        after = {day: changed.totals(day) for day in DAYS}
        assert after.pop("2025-01-15") == dict.fromkeys(before[DAYS[0]], (1, "0.1400"))
        assert after == {day: totals for day, totals in before.items() if day != "2025-01-15"}
        stocked.erp.run("update orders set status = 'cancelled'")
        assert changed.run(**of_orders).success
        assert changed.totals("2025-01-15") == dict.fromkeys(before[DAYS[0]], (0, None))
    finally:
        stocked.erp.clear()
        fill(stocked.erp, seed=20250115)


@pytest.mark.usefixtures("models_alone")
def test_the_daily_models_can_run_while_the_marts_after_them_are_old(changed: Pipeline) -> None:
    with duckdb.connect(changed.settings.duckdb_path) as connection:
        connection.execute("delete from silver.silver_enriched_orders where order_date >= '2025-01-17'")
    daily = [dg.AssetKey(["staging", "stg_orders"]), dg.AssetKey(["gold", "fct_orders"])]
    assert changed.run(asset_selection=daily, partition_key="2025-01-17").success
    assert changed.totals("2025-01-17")["gold.fct_orders"] == (0, None)
    assert changed.totals("2025-01-17")["gold.daily_sales"] != (0, None)


@pytest.mark.usefixtures("models_alone")
def test_gold_alone_refuses_days_that_silver_never_loaded_and_names_them(
    stocked: Pipeline, changed: Pipeline
) -> None:
    changed.instance = stocked.instance
    before = changed.totals(DAYS[0])
    gold = [FCT_ORDERS_KEY]
    result = changed.run(asset_selection=gold, partition_key="2025-01-20")
    assert not result.success
    assert (
        "gold/fct_orders cannot be built: silver_enriched_orders was never loaded for 2025-01-20."
        in failure(result)
    )
    assert "`make backfill FROM=2025-01-20 TO=2025-01-20`" in failure(result)
    assert not result.filter_events(lambda event: event.is_step_up_for_retry)
    last = {**RANGE, "dagster/asset_partition_range_end": "2025-01-19"}
    result = changed.run(asset_selection=gold, tags=last)
    assert "never loaded for 2025-01-18, 2025-01-19. No stored data was changed." in failure(result)
    stocked.instance.report_runless_asset_event(
        dg.AssetObservation(RAW_ORDERS_KEY, partition="2025-01-18", metadata={NO_DATA_TAG: True})
    )
    last["dagster/asset_partition_range_end"] = "2025-01-18"
    assert changed.run(asset_selection=gold, tags=last).success
    assert changed.totals(DAYS[0]) == before


def test_a_day_that_dbts_tests_reject_fails_its_check_and_the_run(changed: Pipeline) -> None:
    with duckdb.connect(changed.settings.duckdb_path) as connection:
        connection.execute(
            "insert into silver.silver_enriched_orders select * from silver.silver_enriched_orders "
            "where order_id = (select min(order_id) from silver.silver_enriched_orders)"
        )
    result = changed.run(
        asset_selection=[dg.AssetKey(["staging", "stg_orders"]), dg.AssetKey(["gold", "fct_orders"])],
        partition_key="2025-01-17",
    )
    assert not result.success
    failed = {check.check_name for check in result.get_asset_check_evaluations() if not check.passed}
    assert "unique_stg_orders_order_id" in failed
    assert not result.filter_events(lambda event: event.is_step_up_for_retry)


def test_the_tests_of_gold_find_orders_and_amounts_that_are_wrong(changed: Pipeline) -> None:
    with duckdb.connect(changed.settings.duckdb_path) as connection:
        for statement in (
            "insert into silver.silver_enriched_orders select * replace (-5 as order_id) "
            "from silver.silver_enriched_orders limit 1",
            "update gold.monthly_revenue set total_amount = total_amount + 0.0001",
            "update gold.customer_lifetime_value set revenue = revenue + 0.0001 where customer_id = 1",
            "update gold.customer_cohorts set revenue = revenue + 0.0001",
            "update gold.segment_performance set revenue = revenue + 0.0001",
            "update gold.city_performance set order_count = order_count + 1",
            "update gold.sales_anomalies set actual = actual + 0.0001",
            "delete from gold.payments_reconciliation where order_id = "
            "(select min(order_id) from gold.payments_reconciliation where order_amount = 0)",
            "update gold.marketing_roi set revenue = revenue + 0.0001",
            "insert into gold.daily_sales select * replace (date '2024-12-31' as order_date) "
            "from gold.daily_sales limit 1",
        ):
            connection.execute(statement)
    command = ["test", "--select", "test_type:singular"]
    project, failed = prepare_project(changed.settings), set()

    def run_tests() -> None:
        for result in build_dbt_resource(changed.settings).run(command, project, "a test"):
            node = result["data"]["node_info"]
            if node["node_status"] == "fail":
                failed.add(node["node_name"])

    with pytest.raises(DbtFailedError):
        run_tests()
    assert failed == {
        path.stem for path in (PROJECT_DIR / "tests").glob("*/*.sql") if path.parent.name != "generic"
    }


ORDERS_OF_GOLD = [dg.AssetKey(["staging", "stg_orders"]), dg.AssetKey(["gold", "fct_orders"])]


@pytest.mark.usefixtures("models_alone")
def test_a_full_refresh_in_a_run_of_days_needs_the_models_name_and_rebuilds_every_day(
    changed: Pipeline,
) -> None:
    before = changed.totals(DAYS[1])["gold.fct_orders"]
    with duckdb.connect(changed.settings.duckdb_path) as connection:
        connection.execute("delete from gold.fct_orders")
    day: dict[str, Any] = {"asset_selection": ORDERS_OF_GOLD, "partition_key": DAYS[0]}
    assert changed.run(**day).success
    assert changed.totals(DAYS[1])["gold.fct_orders"] == (0, None)
    refresh = {"ops": {"dbt_models": {"config": {"full_refresh": ["fct_orders"]}}}}
    assert changed.run(run_config=refresh, **day).success
    assert changed.totals(DAYS[1])["gold.fct_orders"] == before
    misspelt = {"ops": {"dbt_models": {"config": {"full_refresh": ["fact_orders"]}}}}
    assert not changed.run(run_config=misspelt, **day).success


def test_dbts_own_full_refresh_is_refused_in_a_run_of_days(changed: Pipeline) -> None:
    before = changed.totals(DAYS[1])
    window = "{start_date: '2025-01-14', end_date: '2025-01-15'}"
    command = ["build", "--full-refresh", "--select", "fct_orders", "--vars", window]
    project = prepare_project(changed.settings)
    message = r"Refused --full-refresh of fct_orders in a run of the days \[2025-01-14, 2025-01-15\)\."
    with pytest.raises(RefusedError, match=message):
        list(build_dbt_resource(changed.settings).run(command, project, "a test"))
    assert changed.totals(DAYS[1]) == before


@pytest.mark.exhaustive
@pytest.mark.usefixtures("models_alone")
def test_a_business_day_in_rome_is_exact_on_the_days_when_the_clock_changes(erp: Erp, tmp_path: Path) -> None:
    days = ["2025-03-29", "2025-03-30", "2025-03-31"]
    for id_, minutes in enumerate(range(-90, 4 * 1440, 30), start=1):
        erp.run(
            "insert into orders select $1::bigint, null, t, t, 'completed' "
            "from (select timestamptz '2025-03-29 00:00+00' + $2::int * interval '1 minute' as t) as at",
            "insert into order_items values ($1::bigint, $1::bigint, $2::int + 91, 1.01, null)",
            params=[id_, minutes],
        )
    script = f"""
from sales_assets.definitions import defs
import dagster as dg
instance = dg.DagsterInstance.ephemeral()
defs.resolve_job_def("daily_sales_pipeline").execute_in_process(
    instance=instance,
    tags={{"dagster/asset_partition_range_start": {days[0]!r},
          "dagster/asset_partition_range_end": {days[-1]!r}}})
config = {{"first_day": {days[0]!r}, "last_day": {days[-1]!r}}}
[evaluation] = defs.resolve_job_def("reconciliation_job").execute_in_process(
    instance=instance,
    run_config={{"ops": {{"gold__fct_orders_agrees_with_the_erp": {{"config": config}}}}}},
).get_asset_check_evaluations()
assert evaluation.passed, evaluation.description
"""
    database = tmp_path / "sales.duckdb"
    environment = {
        "SALES_TIMEZONE": "Europe/Rome",
        "SALES_DUCKDB_PATH": str(database),
        "ERP_POSTGRES_URL": erp.url,
    }
    code, output = run_python("-c", script, environment=environment)
    assert code == 0, output
    sales = DuckDBWarehouse(database=str(database)).query(
        "select order_date, order_count, total_amount::varchar as total from gold.daily_sales order by 1"
    )
    stored = {f"{row.order_date:%Y-%m-%d}": (row.order_count, row.total) for row in sales.itertuples()}
    assert stored == {day: erp.totals(day, "Europe/Rome") for day in days}
    assert [count for count, _ in stored.values()] == [48, 46, 48]
