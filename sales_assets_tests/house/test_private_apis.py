"""The private parts of Dagster and dbt that we use still exist, and still do what we use them for."""

import gc
import inspect
import os
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import duckdb
import pytest
import sqlglot
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster_airbyte import AirbyteWorkspace
from dagster_dbt.core import dbt_cli_event
from dbt.adapters.contracts.connection import Connection, ConnectionState, Identifier
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.cli.main import dbtRunner
from dbt.parser.manifest import write_manifest

from sales_assets.catalog.partitions import DAILY
from sales_assets.dbt.dbt_assets import build_dbt_assets
from sales_assets.dbt.project import PARSED, SalesDbtResource, build_dbt_resource, prepare_project
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.private_apis import instance as private
from sales_assets.private_apis.backfills import Backfill, list_ended_backfills
from sales_assets.private_apis.dbt_runner import close_duckdb, keep_unwritten, load_manifest
from sales_assets.private_apis.evaluated_checks import list_evaluated_checks
from sales_assets.private_apis.event_log import BATCH_SIZE, STORED_TOGETHER, BatchingSqliteEventLogStorage
from sales_assets.private_apis.execution import run_in_process
from sales_assets.private_apis.history import delete_runs, list_latest_runs, measure_run_bytes
from sales_assets.private_apis.job_assets import JobAsset, find_asset, list_job_assets
from sales_assets.private_apis.outputs import (
    add_partition_metadata,
    materialize_only,
    read_instance,
    read_run_id,
    record_nothing_more,
    record_partitions,
    replace_partition_metadata,
)
from sales_assets.private_apis.storage_files import list_sqlite_files
from sales_assets.private_apis.ticks import find_cron_time
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.recorded_range import materialize_range


def test_an_outputs_partitions_can_still_be_narrowed_and_described_one_by_one() -> None:
    days = dg.DailyPartitionsDefinition("2025-01-01")
    run_ids: list[str] = []

    class NarrowingIOManager(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None:  # noqa: ARG002 - Dagster's
            run_ids.append(read_run_id(context))
            if context.asset_key == upstream.key:
                materialize_only(context, ["2025-01-01", "2025-01-03"])
                add_partition_metadata(context, "2025-01-01", {"preview": "of rows that are not stored"})
                replace_partition_metadata(context, "2025-01-01", {"rows": 1})
                add_partition_metadata(context, "2025-01-03", {"rows": 3})
                assert read_instance(context).get_run_by_id(context.run_id)

        def load_input(self, context: dg.InputContext) -> None:
            run_ids.append(read_run_id(context))

    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def upstream() -> int:
        return 1

    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def downstream(upstream: Any) -> int:
        return 1

    resources = {"io_manager": NarrowingIOManager()}
    tags = range_tags("2025-01-01", "2025-01-03")
    result = dg.materialize([upstream, downstream], resources=resources, tags=tags)
    materializations = result.asset_materializations_for_node("upstream")
    assert {each.partition: each.metadata for each in materializations} == {
        "2025-01-01": {"rows": dg.IntMetadataValue(1)},
        "2025-01-03": {"rows": dg.IntMetadataValue(3)},
    }
    assert run_ids == [result.run_id] * 3


def test_an_outputs_partitions_can_still_be_recorded_before_it_ends(tmp_path: Path) -> None:
    recorded: list[list[str]] = []

    class RecordingIOManager(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None:  # noqa: ARG002 - Dagster's
            record_nothing_more(context)
            for day in ("2025-01-01", "2025-01-02"):
                materialize_only(context, [day])
                add_partition_metadata(context, day, {"day": day})
                context.add_output_metadata({"rows": 1})
                record_partitions(context, {"of": "a group"})
                recorded.append(sorted(read_instance(context).get_materialized_partitions(context.asset_key)))

        def load_input(self, context: dg.InputContext) -> None: ...

    @dg.asset(partitions_def=dg.DailyPartitionsDefinition("2025-01-01"), code_version="7")
    def grouped() -> dg.Output[int]:
        return dg.Output(1, metadata={"of": "the run"})

    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        tags = range_tags("2025-01-01", "2025-01-03")
        resources = {"io_manager": RecordingIOManager()}
        result = dg.materialize([grouped], instance=instance, resources=resources, tags=tags)
    assert recorded == [["2025-01-01"], ["2025-01-01", "2025-01-02"]]
    events = result.asset_materializations_for_node("grouped")
    assert [each.partition for each in events] == ["2025-01-01", "2025-01-02"]
    reported = [{name: value.value for name, value in each.metadata.items()} for each in events]
    assert reported == [{"of": "a group", "rows": 1, "day": f"2025-01-0{day}"} for day in (1, 2)]
    first, second = (dict(each.tags or {}) for each in events)
    assert first == second
    assert first["dagster/code_version"] == "7"
    assert "dagster/data_version_is_user_provided" not in first


@pytest.mark.slow
def test_the_instance_still_reports_partitions_runs_daemons_and_pools(tmp_path: Path) -> None:
    received: list[dg.EventLogEntry] = []
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        run_id = materialize_range(instance)
        days, run = dg.AssetKey("days"), instance.get_run_by_id(run_id)
        assert run is not None
        assert private.read_materialized_partitions(instance, days) >= {"2025-01-01", "2025-01-10"}
        latest = private.read_latest_materializations(instance, days, ["2025-01-01", "2025-01-31"])
        assert list(latest) == ["2025-01-01"]
        private.tag_run(instance, run_id, {"why": "a test"})
        assert (
            instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))[0].dagster_run.tags["why"] == "a test"
        )
        private.listen_to_run(instance, run_id, received.append)
        private.fail_run(instance, run, "its process is gone")
        assert [entry.dagster_event_type for entry in received] == [dg.DagsterEventType.RUN_FAILURE]
        assert private.read_heartbeats(instance) == {}
        assert "SCHEDULER" in private.list_required_daemons(instance)
        instance.event_log_storage.set_concurrency_slots("erp", 2)
        assert private.read_pool_limits(instance) == {"erp": 2}
        assert list_latest_runs(instance) == {run_id}
        assert {path.name for path in list_sqlite_files(instance)} == {"runs.db", "index.db", "schedules.db"}
        assert all(path.exists() for path in list_sqlite_files(instance))
        assert measure_run_bytes(instance, [run_id]) > 10_000
        delete_runs(instance, [run_id])
        assert (list_latest_runs(instance), instance.get_run_by_id(run_id)) == (set(), None)
        assert list(tmp_path.rglob(f"{run_id}.db*")) == []


def test_the_instance_still_has_values_that_one_process_replaces_and_a_runs_events(
    instance: dg.DagsterInstance,
) -> None:
    assert private.read_value(instance, "key") is None
    assert private.replace_value(instance, "key", None, "first")
    assert not private.replace_value(instance, "key", None, "late")
    assert private.replace_value(instance, "key", "first", "second")
    assert not private.replace_value(instance, "key", "first", "late")
    assert private.read_value(instance, "key") == "second"
    run_id = materialize_range(instance)
    materialized = dg.DagsterEventType.ASSET_MATERIALIZATION
    entries = private.read_events(instance, run_id, [materialized])
    assert {entry.dagster_event_type for entry in entries} == {materialized}


def test_a_schedules_last_times_and_a_backfills_end_are_still_found(instance: dg.DagsterInstance) -> None:
    schedule = dg.ScheduleDefinition("daily", target="*", cron_schedule="0 5 * * *")
    at_six = datetime(2025, 3, 10, 6, tzinfo=UTC).timestamp()
    assert find_cron_time(schedule, 3, at_six) == datetime(2025, 3, 8, 5, tzinfo=UTC).timestamp()
    backfill = PartitionBackfill(
        backfill_id="abc",
        status=BulkActionStatus.COMPLETED_SUCCESS,
        from_failure=False,
        tags={},
        backfill_timestamp=at_six,
        asset_selection=[dg.AssetKey("days")],
        backfill_end_timestamp=at_six + 60,
    )
    instance.add_backfill(backfill)
    assert list_ended_backfills(instance, at_six) == [
        Backfill("abc", at_six + 60, is_success=True, outcome="succeeded", assets=[dg.AssetKey("days")])
    ]
    assert list_ended_backfills(instance, at_six + 60) == []


def test_a_job_still_lists_its_assets_in_the_order_of_materialization() -> None:
    days = dg.DailyPartitionsDefinition("2025-01-01")

    @dg.asset(group_name="raw", partitions_def=days)
    def b() -> None: ...

    @dg.asset(deps=[b], group_name="gold")
    def a() -> None: ...

    job = dg.Definitions([a, b]).resolve_implicit_global_asset_job_def()
    assert list_job_assets(job) == [
        JobAsset(b.key, parents=frozenset(), group="raw", partitions=days),
        JobAsset(a.key, parents=frozenset({b.key}), group="gold", partitions=None),
    ]
    assert find_asset(job.get_subset(asset_selection={a.key}), b.key) == list_job_assets(job)[0]


def test_a_parsed_dbt_project_still_becomes_a_manifest_that_dbts_runner_takes(tmp_path: Path) -> None:
    parsed = Path(prepare_project(settings_with()).target_path) / PARSED
    manifest = load_manifest(parsed)
    assert "model.sales.fct_orders" in manifest.nodes
    assert "model.sales.fct_orders" in manifest.flat_graph["nodes"]
    dbtRunner(manifest=manifest)
    keep_unwritten(manifest)
    manifest.write(str(tmp_path / "manifest.json"))
    assert list(tmp_path.iterdir()) == []
    assert "manifest.write(path)" in inspect.getsource(write_manifest)


def test_dbt_still_opens_duckdb_where_we_close_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DuckDBConnectionManager, "_ENV", None)
    database = tmp_path / "sales.duckdb"
    credentials = DuckDBCredentials(database="sales", schema="main", path=str(database))
    connection = DuckDBConnectionManager.open(Connection(Identifier("duckdb"), "test", credentials))
    assert connection.state == ConnectionState.OPEN
    with pytest.raises(duckdb.ConnectionException, match="different configuration"):
        duckdb.connect(database, read_only=True)
    close_duckdb()
    duckdb.connect(database, read_only=True).close()


def test_dagster_dbt_still_selects_a_runs_models_and_converts_dbts_results() -> None:
    node = {"unique_id": "model.sales.stg_orders", "node_status": "success"}
    info = {"name": "LogModelResult", "level": "info", "invocation_id": "1"}
    results = [{"info": info, "data": {"node_info": node, "execution_time": 0.1}}]
    key = dg.AssetKey(["staging", "stg_orders"])
    with patch.object(SalesDbtResource, "run", return_value=iter(results)) as run:
        result = dg.materialize(
            [build_dbt_assets(settings_with())],
            selection=[key],
            resources={"dbt": build_dbt_resource(settings_with())},
            partition_key=DAILY.get_first_partition_key(),
        )
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [key]
    command = run.call_args.args[0]
    assert command[command.index("--select") + 1] == "sales.staging.erp.stg_orders"


def test_dagster_dbt_still_has_sqlglots_names_where_they_are_deferred() -> None:
    names = vars(dbt_cli_event)
    assert names["exp"].Table is sqlglot.exp.Table
    assert names["to_table"]("gold.fct_orders").name == "fct_orders"


def test_a_run_in_this_process_keeps_no_output_and_no_event_after_its_step() -> None:
    references: list[weakref.ref[Big]] = []

    @dg.asset
    def big() -> Big:
        value = Big()
        references.append(weakref.ref(value))
        return value

    @dg.asset(deps=[big])
    def later() -> None:
        gc.collect()
        assert references[-1]() is None
        events = [each for each in gc.get_objects() if isinstance(each, dg.DagsterEvent)]
        assert not [event for event in events if event.is_step_success]

    resources = {"io_manager": DiscardingIOManager()}
    job = dg.Definitions([big, later], resources=resources).resolve_implicit_global_asset_job_def()
    instance = dg.DagsterInstance.ephemeral()
    options: dict[str, Any] = {"assets": [], "partition_key": None, "tags": {}, "run_config": {}}
    options |= {"location": "here", "more_checks": []}
    assert run_in_process(job, instance, run_id="1" * 32, **options)
    assert not job.execute_in_process(raise_on_error=False).success


def test_a_run_in_this_process_is_the_locations_and_has_its_failure_tags_and_config() -> None:
    @dg.asset(config_schema={"fails": bool})
    def some(context: dg.AssetExecutionContext) -> None:
        if context.op_execution_context.op_config["fails"]:
            raise ValueError

    job = dg.Definitions([some]).resolve_implicit_global_asset_job_def()
    instance = dg.DagsterInstance.ephemeral()
    options: dict[str, Any] = {"assets": [], "partition_key": None, "tags": {"why": "test"}}
    options |= {"location": "here", "more_checks": []}
    for run_id, fails in (("1" * 32, True), ("2" * 32, False)):
        config = {"ops": {"some": {"config": {"fails": fails}}}}
        assert run_in_process(job, instance, run_id=run_id, run_config=config, **options) != fails
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.tags["why"] == "test"
    # By this tag the UI finds the runs of a job.
    of_location = dg.RunsFilter(job_name=job.name, tags={".dagster/repository": "__repository__@here"})
    assert len(instance.get_runs(of_location)) == 2


class Big:
    """An object that weak references can point to."""


class DiscardingIOManager(dg.IOManager):
    """Stores nothing."""

    def handle_output(self, context: dg.OutputContext, obj: object) -> None: ...

    def load_input(self, context: dg.InputContext) -> None: ...


@pytest.fixture
def event_log(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(
        temp_dir=str(tmp_path),
        overrides={
            "event_log_storage": {
                "module": "sales_assets.private_apis.event_log",
                "class": "BatchingSqliteEventLogStorage",
                "config": {"base_dir": str(tmp_path / "runs")},
            },
            "run_storage": {
                "module": "dagster._core.storage.runs",
                "class": "SqliteRunStorage",
                "config": {"base_dir": str(tmp_path)},
            },
            "schedule_storage": {
                "module": "dagster._core.storage.schedules",
                "class": "SqliteScheduleStorage",
                "config": {"base_dir": str(tmp_path)},
            },
        },
    ) as instance:
        yield instance


def read_records(instance: dg.DagsterInstance, run_id: str) -> dict[str, Any]:
    """Read everything that the instance has recorded of the asset and the run."""
    asset = dg.AssetKey("days")
    materializations = instance.fetch_materializations(asset, limit=100).records
    latest = instance.get_latest_materialization_event(asset)
    [entry] = instance.get_asset_records([asset])
    evaluation = private.read_latest_evaluation(instance, dg.AssetCheckKey(asset, "are_fine"))
    return {
        "days": [record.partition_key for record in materializations],
        "ids": len({record.storage_id for record in materializations}),
        "tags": [sorted(tags) for tags in instance.event_log_storage.get_event_tags_for_asset(asset)],
        "latest": latest and latest.dagster_event and latest.dagster_event.partition,
        "entry": entry.asset_entry.last_materialization_storage_id == materializations[0].storage_id,
        "check": evaluation and evaluation.description,
        "planned": instance.get_latest_planned_materialization_info(asset, "2025-01-03") is not None,
        "run": sorted(
            event.dagster_event.event_type_value for event in instance.all_logs(run_id) if event.dagster_event
        ),
    }


@pytest.mark.slow
def test_the_batching_event_log_records_exactly_what_dagsters_own_records(
    event_log: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert type(event_log.event_log_storage).__name__ == "BatchingSqliteEventLogStorage"
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "4")
    with patch.object(SqliteEventLogStorage, "store_event", autospec=True) as one_by_one:
        materialize_range(event_log)
    batched = {call.args[1].dagster_event_type for call in one_by_one.call_args_list}
    assert not STORED_TOGETHER & batched
    event_log.wipe_assets([dg.AssetKey("days")])
    records = read_records(event_log, materialize_range(event_log))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
    with dg.instance_for_test() as own:
        expected = read_records(own, materialize_range(own))
    # Of a check that is planned, ours has one row, and Dagster's own one for each day.
    planned = records.pop("check"), expected.pop("check")
    assert planned[0] == "[('PLANNED', None, True)] DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED"
    assert planned[1].startswith("[('PLANNED', '2025-01-10', True), ('PLANNED', '2025-01-09', True), ")
    assert records == expected
    assert len(records["days"]) == records["ids"] == 10


def test_the_batching_event_log_makes_dagster_collect_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "")
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE")
    BatchingSqliteEventLogStorage(str(tmp_path))
    assert os.environ["DAGSTER_EVENT_BATCH_SIZE"] == str(BATCH_SIZE)


def test_a_batch_that_cannot_be_stored_is_stored_event_by_event(
    event_log: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
    broken = patch.object(
        SqliteEventLogStorage, "_store_asset_event_tags", side_effect=[OSError, *[None] * 99]
    )
    with broken:
        records = read_records(event_log, materialize_range(event_log))
    assert sorted(records["days"]) == [f"2025-01-{day:02}" for day in range(1, 11)]


def test_dagster_airbytes_workspace_still_has_the_fields_and_methods_that_ours_overrides() -> None:
    configured = {
        *("rest_api_base_url", "configuration_api_base_url", "workspace_id"),
        *("client_id", "client_secret", "username", "password"),
        *("request_max_retries", "request_retry_delay", "request_timeout", "max_items_per_page"),
        *("poll_interval", "poll_timeout", "cancel_on_termination", "poll_previous_running_sync"),
    }
    assert set(AirbyteWorkspace.model_fields) == configured
    assert list(inspect.signature(AirbyteWorkspace.get_client).parameters) == ["self"]
    assert list(inspect.signature(AirbyteWorkspace.sync_and_poll).parameters) == ["self", "context"]


def test_the_latest_evaluation_of_a_check_is_read_and_one_under_way_is_none() -> None:
    asset = dg.AssetKey("asset")

    @dg.asset_check(asset=asset)
    def works(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        under_way.append(private.read_latest_evaluation(context.instance, key))
        return dg.AssetCheckResult(passed=True, metadata={"day": "2025-01-15"})

    key, under_way = dg.AssetCheckKey(asset, "works"), list[Any]()
    with dg.DagsterInstance.ephemeral() as instance:
        assert private.read_latest_evaluation(instance, key) is None
        job = dg.define_asset_job("job", dg.AssetSelection.all_asset_checks())
        definitions = dg.Definitions([dg.AssetSpec(asset)], asset_checks=[works], jobs=[job])
        definitions.resolve_job_def("job").execute_in_process(instance=instance)
        found = private.read_latest_evaluation(instance, key)
    assert under_way == [None]
    assert found is not None
    assert (found.passed, found.metadata["day"].value) == (True, "2025-01-15")


def test_the_previous_evaluation_is_not_the_one_that_is_under_way() -> None:
    @dg.asset
    def table() -> None: ...

    found: list[dg.AssetCheckEvaluation | None] = []

    @dg.asset_check(asset=table)
    def counts(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        found.append(
            private.read_previous_evaluation(context.instance, dg.AssetCheckKey(table.key, "counts"))
        )
        return dg.AssetCheckResult(passed=False, metadata={"number": len(found)})

    instance = dg.DagsterInstance.ephemeral()
    job = dg.Definitions([table], asset_checks=[counts]).resolve_implicit_global_asset_job_def()
    for _ in range(3):
        job.execute_in_process(instance=instance)
    assert [evaluation and evaluation.metadata["number"].value for evaluation in found] == [None, 1, 2]


def test_the_checks_that_were_evaluated_lately_are_listed_and_older_ones_are_not() -> None:
    key = dg.AssetCheckKey(dg.AssetKey(["gold", "table"]), "counts")
    with dg.DagsterInstance.ephemeral() as instance:
        before = datetime.now(UTC)
        event = dg.AssetCheckEvaluation(key.asset_key, key.name, passed=True, metadata={})
        instance.report_runless_asset_event(event)
        assert list_evaluated_checks(instance, before) == [key]
        assert list_evaluated_checks(instance, datetime.now(UTC) + timedelta(hours=1)) == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_check_of_a_range_has_one_row_whether_it_was_evaluated_or_only_planned(
    event_log: dg.DagsterInstance, fails: bool
) -> None:
    @dg.asset(
        partitions_def=dg.DailyPartitionsDefinition("2025-01-01"),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def checked_days() -> None:
        if fails:
            raise ValueError

    @dg.asset_check(asset=checked_days)
    def holds() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    tags = range_tags("2025-01-01", "2025-01-10")
    assets = [checked_days, holds]
    assert dg.materialize(assets, instance=event_log, tags=tags, raise_on_error=False).success is not fails
    history = event_log.event_log_storage.get_asset_check_execution_history(holds.check_key, limit=100)
    assert [record.status.value for record in history] == ["PLANNED" if fails else "SUCCEEDED"]
