"""The pipeline with production's settings on Snowflake's emulator, compared with the same on DuckDB.

Snowflake's connector, ours and dbt's, connects to the emulator's server over HTTP, as it would to an account:
for `daily_sales_pipeline`, its assets, and every model and test of dbt. `support/snowflake.py` works around
what the server does not support; other tests cover it:
- it takes no files: the contract suite of the warehouse tests the upload, in process;
- it ignores query tags and other session parameters: the tests inspect the requests instead;
- it sums decimals as doubles: the amounts here are exact in both; exact sums are tested on DuckDB.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pandas as pd
import pytest
import sqlglot

from sales_assets.automation.jobs import customers_job
from sales_assets.catalog.contracts import RAW_MARKETPLACE_ORDERS_SCHEMA
from sales_assets.catalog.names import DAILY_JOB, DAILY_SALES_KEY
from sales_assets.dbt.project import build_dbt_resource, prepare_project
from sales_assets.definitions import build_definitions
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.settings import ROOT, Environment, Settings, SnowflakeSecret
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets.warehouse.slices import Slice
from sales_assets.warehouse.snowflake import SnowflakeEngine, SnowflakeWarehouse
from sales_assets_tests.support.data_dir import copy_manifests, settings_with
from sales_assets_tests.support.dbt_variables import MODELS_ALONE
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.snowflake import redirect_connections, run_emulator, work_around_emulator_gaps

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

DAYS = ["2025-01-14", "2025-01-15", "2025-01-16", "2025-01-17"]
RANGE = range_tags(DAYS[0], DAYS[-1])
SECRET = "planted-word"
ACCOUNT = {
    "SNOWFLAKE_ACCOUNT": "a",
    "SNOWFLAKE_USER": "u",
    "SNOWFLAKE_ROLE": "r",
    "SNOWFLAKE_WAREHOUSE": "w",
    "SNOWFLAKE_DATABASE": "SALES",
    "SNOWFLAKE_PASSWORD": SECRET,
}
TABLES = {
    "raw.raw_orders": "order_id",
    "raw.raw_customers": "snapshot_date, id",
    "silver.silver_enriched_orders": "order_id",
    "gold.fct_orders": "order_id",
    "gold.dim_customers": "customer_id",
    "gold.dim_dates": "date_day",
    "gold.customer_lifetime_value": "customer_id",
    "gold.customer_cohorts": "cohort_month, month",
    "gold.daily_sales": "order_date, channel, currency",
    "gold.monthly_revenue": "month, channel, currency",
    "gold.segment_performance": "month, segment",
    "gold.city_performance": "month, city",
    "gold.sales_anomalies": "order_date, channel, currency, segment",
    "gold.payments_reconciliation": "order_id",
    "gold.marketing_roi": "month, channel",
}


def add_orders(erp: Erp) -> None:
    """Add orders of four days; each amount is a multiple of a quarter."""
    for customer in range(1, 5):
        erp.customer(customer, city="Città d'Oro; --")
    for id_ in range(1, 41):
        items = [(1 + id_ % 3, f"{id_}.25", None), (2, "10.50", "0.5")][: id_ % 3]
        at = f"{DAYS[id_ % 4]} {id_ % 24:02}:59:59.999999+00"
        erp.order(id_, at, customer=id_ % 5, status=("completed", "shipped", "odd")[id_ % 3], items=items)


class Production:
    """The pipeline on the emulator, with the connections and statements that Snowflake received."""

    def __init__(
        self,
        warehouse: SnowflakeWarehouse,
        settings: Settings,
        connections: list[dict[str, Any]],
        statements: list[str],
    ):
        self.warehouse = warehouse
        self.connections = connections
        self.statements = statements
        self.settings = settings
        self.instance = dg.DagsterInstance.ephemeral()
        self.job = build_definitions(settings).resolve_job_def(DAILY_JOB)

    def run(self, **options: Any) -> dg.ExecuteInProcessResult:
        """Run the job."""
        return self.job.execute_in_process(instance=self.instance, **options)


@contextmanager
def run_production(erp: Erp, folder: Path) -> Iterator[Production]:
    copy_manifests(folder)
    settings = settings_with(
        environment=Environment.PROD,
        data_dir=folder,
        snowflake_database=ACCOUNT["SNOWFLAKE_DATABASE"],
        snowflake_secret=SnowflakeSecret.PASSWORD,
    )
    variables = ACCOUNT | {"ERP_POSTGRES_URL": erp.url}
    with (
        patch.dict(os.environ, variables),
        run_emulator(folder.parent) as port,
        redirect_connections(port) as connections,
        work_around_emulator_gaps() as statements,
    ):
        warehouse = SnowflakeWarehouse(account="a", user="u", password=SECRET, database="SALES")
        yield Production(warehouse, settings, connections, statements)


def read_tables(warehouse: DuckDBWarehouse | SnowflakeWarehouse) -> dict[str, pd.DataFrame]:
    """Read every table as text, sorted the same way on both engines."""
    tables = {}
    for table, order in TABLES.items():
        rows = warehouse.query(f"select * from {table} order by {order}")
        columns = {name: [_to_text(value) for value in rows[name]] for name in sorted(map(str, rows))}
        tables[table] = pd.DataFrame(columns)
    return tables


def _to_text(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.tz_localize(None).isoformat() if value.tzinfo else value.isoformat()
    return f"{float(value):.4f}" if isinstance(value, int | float) else str(value)


def run_on_duckdb(erp: Erp, folder: Path) -> dict[str, pd.DataFrame]:
    """Run the same range on a laptop; returns the tables."""
    settings = settings_with(duckdb_path=folder / "sales.duckdb", has_erp_url=True)
    job = build_definitions(settings).resolve_job_def(DAILY_JOB)
    with patch.dict(os.environ, {"ERP_POSTGRES_URL": erp.url, **MODELS_ALONE}):
        assert job.execute_in_process(instance=dg.DagsterInstance.ephemeral(), tags=RANGE).success
    return read_tables(DuckDBWarehouse(database=str(settings.duckdb_path)))


@dataclass
class Runs:
    """The results of one day, and then of the range that contains it, in production and on a laptop."""

    day: dg.ExecuteInProcessResult
    production: Production
    output: str
    tables: dict[str, pd.DataFrame]
    expected: dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def runs(postgres: Erp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("production")
    postgres.clear()
    add_orders(postgres)
    expected = run_on_duckdb(postgres, folder / "laptop")
    output = io.StringIO()
    with run_production(postgres, folder / "prod") as prod, redirect_stdout(output), redirect_stderr(output):
        with patch.dict(os.environ, MODELS_ALONE):
            day = prod.run(partition_key=DAYS[0])
        assert prod.run(tags=RANGE).success
        yield Runs(day, prod, output.getvalue(), read_tables(prod.warehouse), expected)


def test_the_pipeline_on_snowflake_stores_the_same_rows_as_on_duckdb_for_a_day_and_a_range(
    runs: Runs,
) -> None:
    assert sum(len(rows) for rows in runs.expected.values()) > 100
    for table, rows in runs.tables.items():
        pd.testing.assert_frame_equal(rows, runs.expected[table], obj=table)


def test_the_unit_tests_of_the_models_pass_on_snowflake_too(runs: Runs) -> None:
    settings, warehouse = runs.production.settings, runs.production.warehouse
    files = Slice("raw", "raw_marketplace_orders")
    engine = SnowflakeEngine(warehouse.model_dump(exclude_none=True))
    engine.replace(files, RAW_MARKETPLACE_ORDERS_SCHEMA, [], "a test")
    command = ["test", "--select", "test_type:unit"]
    project = prepare_project(settings)
    results = list(build_dbt_resource(settings).run(command, project, "a test"))
    assert len(results) == len(json.loads(project.manifest_path.read_text())["unit_tests"]) > 0


def test_reconciliation_works_on_snowflake_too(runs: Runs) -> None:
    job = build_definitions(runs.production.settings).resolve_job_def("reconciliation_job")
    config = {"first_day": DAYS[0], "last_day": DAYS[-1]}
    options = {"ops": {"gold__fct_orders_agrees_with_the_erp": {"config": config}}}
    result = job.execute_in_process(instance=runs.production.instance, run_config=options)
    [evaluation] = result.get_asset_check_evaluations()
    assert evaluation.description == "Gold has exactly the ERP's sales of 2025-01-14 to 2025-01-17."


def test_dbts_statements_are_valid_for_snowflake_and_every_connection_is_tagged(runs: Runs) -> None:
    compiled = sorted((runs.production.settings.data_dir / "dbt" / "runs" / "run").rglob("*.sql"))
    assert len(compiled) >= 40
    for path in compiled:
        sqlglot.parse(path.read_text(), dialect="snowflake", error_level=sqlglot.ErrorLevel.RAISE)
    connections = runs.production.connections
    tags = [each["session_parameters"].get("QUERY_TAG") for each in connections]
    assert {f"run {runs.day.run_id}, raw_orders", f"run {runs.day.run_id}, dbt"} <= set(tags)
    assert None not in tags
    models = [name.removeprefix("gold.") for name in TABLES if name.startswith("gold.")]
    for model in models:
        assert any(f'"node_id": "model.sales.{model}"' in it for it in runs.production.statements), model
    ours = [each for each in connections if each.get("application") != "dbt"]
    assert all(each["session_parameters"]["TIMEZONE"] == "UTC" for each in ours)
    assert all(each["session_parameters"]["LOCK_TIMEOUT"] == 1800 for each in ours)
    assert all(each["password"] == SECRET for each in connections)


def test_gold_shows_the_same_rows_figures_and_plots_on_snowflake(runs: Runs) -> None:
    event = runs.production.instance.get_latest_materialization_event(DAILY_SALES_KEY)
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    shown: dict[str, Any] = {name: value.value for name, value in metadata.items()}
    assert shown["dagster/row_count"] == len(runs.tables["gold.daily_sales"]) > 0
    assert shown["plot"].startswith("![daily_sales](data:image/svg+xml;base64,")
    days = runs.expected["gold.daily_sales"]
    last = days[days["order_date"] == days["order_date"].max()].iloc[0]
    assert shown["last_day"] == last["order_date"][:10]
    assert f"{shown['revenue_of_last_day_eur']:.4f}" == last["total_amount"]


def test_the_secret_is_neither_on_disk_nor_in_dagster(runs: Runs) -> None:
    instance, settings = runs.production.instance, runs.production.settings
    run = instance.get_run_by_id(runs.day.run_id)
    texts = [str(settings), repr(runs.production.job.resource_defs), str(run)]
    texts += [str(event) for event in instance.all_logs(runs.day.run_id)]
    assert SECRET not in "".join(texts) + runs.output
    written = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


def test_a_deployment_runs_each_step_in_a_process_of_its_own(erp: Erp, tmp_path: Path) -> None:
    add_orders(erp)
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    module = ["-m", "sales_assets_tests.support.on_snowflake_emulator", "-j", customers_job.name]
    module += ["--tags", json.dumps(RANGE)]
    with run_emulator(tmp_path) as port:
        variables = {"DAGSTER_DEPLOYMENT": "prod", "DAGSTER_HOME": str(tmp_path), "EMULATOR_PORT": str(port)}
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "dagster", "job", "execute", *module],
            cwd=ROOT,
            env=os.environ | ACCOUNT | variables | MODELS_ALONE | {"ERP_POSTGRES_URL": erp.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        with redirect_connections(port):
            warehouse = SnowflakeWarehouse(account="a", user="u", password=SECRET, database="SALES")
            stored = warehouse.query("select customer_id from gold.dim_customers order by 1")
    assert list(stored["customer_id"]) == [1, 2, 3, 4]
    assert result.stderr.count("STEP_WORKER_STARTED") == 2  # raw_customers, then dbt
    assert SECRET not in result.stderr + result.stdout
