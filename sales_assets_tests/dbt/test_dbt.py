"""dbt: its unit tests, its manifest, its command, and the conversion of its results to Dagster's events."""

import json
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import dagster as dg
import jinja2
import pyarrow as pa
import pytest
import sqlglot
import yaml

from sales_assets.catalog.contracts import (
    RAW_CUSTOMERS_SCHEMA,
    RAW_MARKETPLACE_ORDERS_SCHEMA,
    SILVER_ENRICHED_ORDERS_SCHEMA,
)
from sales_assets.catalog.partitions import DAILY
from sales_assets.catalog.records import fetch_statuses
from sales_assets.dbt import project
from sales_assets.dbt.column_sources import COLUMN_LINEAGE
from sales_assets.dbt.dbt_assets import build_command, to_dagster_events
from sales_assets.dbt.failures import DbtFailedError, NodeResult
from sales_assets.dbt.project import (
    PROJECT_DIR,
    build_dbt_resource,
    find_dbt,
    prepare_project,
)
from sales_assets.dbt.runner import build_failure
from sales_assets.dbt.translator import SalesDbtTranslator
from sales_assets.errors import RefusedError
from sales_assets.private_apis.interruptions import RetryUnlessTerminated
from sales_assets.settings import Environment, Settings, SnowflakeSecret
from sales_assets.warehouse.column_types import to_arrow_type
from sales_assets.warehouse.duckdb import DuckDBEngine
from sales_assets.warehouse.slices import Slice
from sales_assets_tests.column_lineage import find_lineage, to_text
from sales_assets_tests.support.data_dir import copy_manifests, settings_with
from sales_assets_tests.support.snowflake import redirect_connections, run_emulator


@pytest.mark.slow
def test_the_unit_tests_of_the_models_pass(tmp_path: Path) -> None:
    settings = settings_with(duckdb_path=tmp_path / "sales.duckdb")
    engine = DuckDBEngine(settings.duckdb_path)
    for schema, table, contract in (
        ("raw", "raw_customers", RAW_CUSTOMERS_SCHEMA),
        ("raw", "raw_marketplace_orders", RAW_MARKETPLACE_ORDERS_SCHEMA),
        ("silver", "silver_enriched_orders", SILVER_ENRICHED_ORDERS_SCHEMA),
    ):
        empty = pa.table({column.name: pa.array([], to_arrow_type(column)) for column in contract.columns})
        engine.replace(Slice(schema, table), contract, [empty], "test")
    dbt, project = build_dbt_resource(settings), prepare_project(settings)
    list(dbt.run(["run", "--empty"], project, "a test"))
    results = list(dbt.run(["test", "--select", "test_type:unit"], project, "a test"))
    assert len(results) == 18


def test_the_semantic_layer_has_the_metrics_and_a_time_spine() -> None:
    manifest = json.loads(prepare_project(settings_with()).manifest_path.read_text())
    metrics = {metric["name"] for metric in manifest["metrics"].values()}
    assert metrics == {"revenue", "orders", "average_order_value", "active_customers"}
    spine = manifest["nodes"]["model.sales.dim_dates"]["time_spine"]
    assert spine["standard_granularity_column"] == "date_day"


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_column_lineage_in_the_repository_is_that_of_the_models_sql(tmp_path: Path) -> None:
    found = to_text(find_lineage(tmp_path))
    assert found == COLUMN_LINEAGE.read_text(), (
        "python -m sales_assets_tests.column_lineage rewrites the file"
    )


@pytest.fixture
def small_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project with two models instead of all, which is parsed in a fraction of the time."""
    copy = tmp_path / "dbt_project"
    shutil.copytree(PROJECT_DIR, copy, ignore=shutil.ignore_patterns("models", "tests"))
    (copy / "models" / "marts").mkdir(parents=True)
    write_model(copy, "days", "select 1 as day")
    write_model(copy, "months", "select day as month from {{ ref('days') }}")
    monkeypatch.setattr(project, "PROJECT_DIR", copy)
    return copy


def write_model(folder: Path, name: str, select: str) -> None:
    without_contract = "{{ config(contract={'enforced': false}) }}"
    (folder / "models" / "marts" / f"{name}.sql").write_text(f"{without_contract} {select}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "dialect"),
    [
        pytest.param(Environment.LOCAL, "duckdb", marks=pytest.mark.exhaustive),
        (Environment.PROD, "snowflake"),
    ],
)
def test_every_model_and_test_parses_and_compiles_to_sql_of_its_engine(
    environment: Environment, dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE", "PASSWORD"):
        monkeypatch.setenv(f"SNOWFLAKE_{name}", "sales")
    copy_manifests(tmp_path)
    settings = Settings(
        environment=environment,
        data_dir=tmp_path,
        duckdb_path=tmp_path / "sales.duckdb",
        snowflake_database="SALES",
        snowflake_secret=SnowflakeSecret.PASSWORD,
    )
    parsed = prepare_project(settings)
    nodes = json.loads(parsed.manifest_path.read_text())["nodes"]
    with run_emulator(tmp_path) as port, redirect_connections(port):
        list(build_dbt_resource(settings).run(["compile"], parsed, "a test"))
    compiled = {
        path.stem: path.read_text() for path in (tmp_path / "dbt" / "runs" / "compiled").rglob("*.sql")
    }
    assert set(compiled) == {Path(node["path"]).stem for node in nodes.values()}
    for sql in compiled.values():
        sqlglot.parse(sql, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)


@pytest.mark.slow
def test_each_databases_manifest_is_made_when_it_is_missing_even_twice_at_once_and_when_a_model_changes(
    small_project: Path, tmp_path: Path
) -> None:
    built = Settings(environment=Environment.PROD, data_dir=tmp_path / "data")
    deployed = replace(built, snowflake_database="OTHER")
    with ThreadPoolExecutor(3) as pool:
        manifests = [each.manifest_path for each in pool.map(prepare_project, [built, built, deployed])]
    databases = [
        {node["database"] for node in json.loads(manifest.read_text())["nodes"].values()}
        for manifest in manifests
    ]
    assert databases == [{""}, {""}, {"OTHER"}]
    first = manifests[0].stat().st_mtime_ns
    assert prepare_project(built).manifest_path.stat().st_mtime_ns == first
    (small_project / "models" / "marts" / "months.sql").unlink()
    assert [*json.loads(prepare_project(built).manifest_path.read_text())["nodes"]] == ["model.sales.days"]


@pytest.mark.slow
def test_a_project_that_does_not_parse_is_an_error_with_dbts_reason(
    small_project: Path, tmp_path: Path
) -> None:
    write_model(small_project, "months", "select * from {{ ref('nowhere') }}")
    with pytest.raises(RuntimeError, match=r"does not parse\. No stored data was changed\. (.|\n)*nowhere"):
        prepare_project(Settings(data_dir=tmp_path / "data"))


def test_the_dbt_beside_python_is_used_else_the_one_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("venv", "path"):
        dbt = tmp_path / folder / "dbt"
        dbt.parent.mkdir()
        dbt.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert find_dbt() == str(tmp_path / "venv" / "dbt")
    (tmp_path / "venv" / "dbt").unlink()
    assert find_dbt() == str(tmp_path / "path" / "dbt")
    (tmp_path / "path" / "dbt").unlink()
    with pytest.raises(RefusedError, match="pip install dbt-core"):
        find_dbt()


def test_a_run_without_partitions_builds_everything_it_selects() -> None:
    with dg.build_asset_context() as context:
        assert "--vars" not in build_command(context)


@pytest.mark.parametrize(("status", "is_retried"), [("fail", False), ("error", True), ("warn", True)])
def test_a_run_of_dbt_is_retried_unless_a_test_failed(status: str, is_retried: bool) -> None:
    manifest = json.loads(prepare_project(settings_with()).manifest_path.read_text())
    [test] = [id_ for id_ in manifest["nodes"] if "not_null_stg_orders_order_id" in id_]
    model = dg.AssetKey(["staging", "stg_orders"])

    def results() -> Iterator[dict[str, Any]]:
        node = {"unique_id": test, "node_status": status}
        info = {"name": "LogTestResult", "level": "info", "invocation_id": "1"}
        yield {"info": info, "data": {"node_info": node, "num_failures": 1}}
        message = "gold.fct_orders: the connection broke"
        raise DbtFailedError(message)

    @dg.asset(
        key=model,
        check_specs=[dg.AssetCheckSpec("not_null_stg_orders_order_id", asset=model)],
        retry_policy=RetryUnlessTerminated(max_retries=1),  # it looks through the error's causes
    )
    def built(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from to_dagster_events(results(), context, manifest, SalesDbtTranslator())

    result = dg.materialize([built], raise_on_error=False)
    assert not result.success
    assert bool(result.filter_events(lambda event: event.is_step_restarted)) == is_retried


def test_a_model_that_failed_is_not_retried_by_the_step_and_its_healthy_sibling_is_not_failed() -> None:
    manifest = json.loads(prepare_project(settings_with()).manifest_path.read_text())
    healthy, broken = dg.AssetKey(["staging", "stg_orders"]), dg.AssetKey(["gold", "fct_orders"])
    waits = {"model": "model.sales.stg_orders", "row_count": 1, "columns": ["order_id"], "rows": [["1"]]}

    def results() -> Iterator[dict[str, Any]]:
        nodes = []
        for name, status in (("stg_orders", "success"), ("fct_orders", "error")):
            nodes.append(NodeResult(f"model.sales.{name}", status, "IO Error: lock"))
            info = {"name": "LogModelResult", "level": "info", "invocation_id": "1"}
            yield {
                "info": info,
                "data": {"node_info": {"unique_id": nodes[-1].unique_id, "node_status": status}},
                "report": waits if status == "success" else None,
            }
        message = "dbt failed: fct_orders: IO Error: lock"
        raise DbtFailedError(message, nodes)

    outs = {key.to_python_identifier(): dg.AssetOut(key=key, is_required=False) for key in (healthy, broken)}

    @dg.multi_asset(outs=outs, partitions_def=DAILY, retry_policy=dg.RetryPolicy(max_retries=1))
    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from to_dagster_events(results(), context, manifest, SalesDbtTranslator())

    instance, day = dg.DagsterInstance.ephemeral(), "2025-01-15"
    result = dg.materialize([models], instance=instance, partition_key=day, raise_on_error=False)
    assert not result.filter_events(lambda event: event.is_step_restarted)
    statuses = [fetch_statuses(instance, key, [day])[day] for key in (healthy, broken)]
    assert statuses == ["MATERIALIZED", "FAILED"]


def render(macro: str) -> str:
    """Render a macro of the project as dbt would, with stubs for dbt's own macros."""
    files = [PROJECT_DIR / "macros" / f"{name}.sql" for name in ("in_window", "replace_window")]
    source = "".join(file.read_text() for file in files)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701 - SQL
    stubs = {
        "var": {"start_date": "2025-01-15", "end_date": "2025-01-16"}.get,
        "get_quoted_csv": ", ".join,
        "snowflake_dml_explicit_transaction": lambda dml: f"begin; {dml.strip()}; commit;",
        "return": lambda value: value,
    }
    module = environment.from_string(source, globals=stubs).make_module()
    columns = [{"name": "order_id"}]
    arguments = {"target_relation": "t", "temp_relation": "n", "unique_key": "d", "dest_columns": columns}
    return " ".join(str(getattr(module, macro)(arguments)).split())


@pytest.mark.parametrize(
    ("columns", "expression"),
    [
        (["ORDER_ID", "BUSINESS_DAY"], "coalesce(business_day, day_of(order_date))"),
        (["order_id"], "day_of(order_date)"),
    ],
)
def test_a_table_from_before_days_were_stored_still_has_a_business_day(
    columns: list[str], expression: str
) -> None:
    source = (PROJECT_DIR / "macros" / "stored_business_day.sql").read_text()
    stubs = {
        "execute": True,
        "adapter": Mock(get_columns_in_relation=lambda _: [{"name": name} for name in columns]),
        "business_date": "day_of({})".format,
        "load_relation": lambda relation: relation,
    }
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - SQL
    module: Any = environment.from_string(source, globals=stubs).make_module()
    assert module.stored_business_day(Mock(schema="silver"), "order_date").strip() == expression


def test_the_window_is_replaced_in_one_transaction_on_both_engines() -> None:
    window = "d >= cast('2025-01-15' as date) and d < cast('2025-01-16' as date)"
    replaced = f"delete from t where {window}; insert into t (order_id) select order_id from n"
    assert render("default__replace_window") == replaced
    assert render("snowflake__replace_window") == f"begin; {replaced}; commit;"


@pytest.mark.parametrize(
    ("table", "contract"), [("raw_marketplace_orders", RAW_MARKETPLACE_ORDERS_SCHEMA)], ids=["marketplaces"]
)
def test_a_source_that_may_lack_its_table_has_the_columns_of_its_contract(
    table: str, contract: dg.TableSchema
) -> None:
    files = (PROJECT_DIR / "models" / "staging").glob("*/_*__sources.yml")
    sources = [source for file in files for source in yaml.safe_load(file.read_text())["sources"]]
    [found] = [t for s in sources for t in s["tables"] if t["name"] == table]
    columns = [(column["name"], column["data_type"].replace(" ", "").upper()) for column in found["columns"]]
    assert columns == [(column.name, column.type) for column in contract.columns]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (
            "Compilation Error in model marts\n  This model has an enforced contract that failed.",
            RefusedError,
        ),
        ("Runtime Error in model marts\n  IO Error: Could not set lock", DbtFailedError),
    ],
)
def test_a_model_that_does_not_compile_is_not_tried_again(message: str, error: type[Exception]) -> None:
    node = SimpleNamespace(
        status="error", message=message, node=SimpleNamespace(name="marts", unique_id="model.sales.marts")
    )
    outcome: Any = SimpleNamespace(exception=None, result=SimpleNamespace(results=[node]))
    failure = build_failure(outcome)
    assert type(failure) is error
    assert "dbt failed: marts: " in str(failure)


@pytest.mark.slow
def test_values_in_dbts_errors_reach_neither_the_log_nor_the_error_nor_an_artifact(
    small_project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_model(small_project, "leaks", "select cast('ada@' || 'example.com' as integer) as email")
    settings = Settings(data_dir=tmp_path / "data", duckdb_path=tmp_path / "sales.duckdb")
    dbt = build_dbt_resource(settings)
    with pytest.raises(DbtFailedError) as error:
        list(dbt.run(["run", "--select", "leaks"], prepare_project(settings), "a test"))
    runs = tmp_path / "data" / "dbt" / "runs"
    written = {path.name: path.read_bytes() for path in runs.rglob("*") if path.is_file()}
    for text in (str(error.value), "".join(capfd.readouterr()), written["run_results.json"].decode()):
        assert "Could not convert string [redacted] to INT32" in text
        assert "leaks" in text
        assert "ada@example.com" not in text
    assert [name for name, content in written.items() if b"ada@example.com" in content] == []
