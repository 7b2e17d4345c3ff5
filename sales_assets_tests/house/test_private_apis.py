"""What is used of Dagster's private side is still there, and still does what it is used for."""

import gc
import inspect
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster_airbyte import AirbyteWorkspace
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.contracts.graph.manifest import Manifest

from sales_assets.operations.repair.gaps import RANGE_END, RANGE_START
from sales_assets.private_apis import instance as private
from sales_assets.private_apis.dbt_runner import close_duckdb
from sales_assets.private_apis.event_log import BATCH_SIZE, BatchingSqliteEventLogStorage
from sales_assets.private_apis.execution import run_in_process
from sales_assets.private_apis.job_assets import list_job_assets


def test_an_outputs_partitions_are_still_asked_of_its_context() -> None:
    assert hasattr(dg.build_output_context(), "_asset_partitions_subset")


def test_the_instance_still_tells_of_partitions_runs_daemons_and_pools(tmp_path: Path) -> None:
    heard: list[dg.EventLogEntry] = []
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        run_id = make_range(instance)
        days, run = dg.AssetKey("days"), instance.get_run_by_id(run_id)
        assert run is not None
        assert private.read_materialized_partitions(instance, days) >= {"2025-01-01", "2025-01-10"}
        latest = private.read_latest_materializations(instance, days, ["2025-01-01", "2025-01-31"])
        assert list(latest) == ["2025-01-01"]
        private.tag_run(instance, run_id, {"why": "a test"})
        assert (
            instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))[0].dagster_run.tags["why"] == "a test"
        )
        private.listen_to_run(instance, run_id, heard.append)
        private.fail_run(instance, run, "its process is gone")
        assert [entry.dagster_event_type for entry in heard] == [dg.DagsterEventType.RUN_FAILURE]
        assert private.read_heartbeats(instance) == {}
        assert "SCHEDULER" in private.list_required_daemons(instance)
        instance.event_log_storage.set_concurrency_slots("erp", 2)
        assert private.read_pool_limits(instance) == {"erp": 2}


def test_a_job_still_tells_its_assets_in_the_order_in_which_they_are_made() -> None:
    days = dg.DailyPartitionsDefinition("2025-01-01")

    @dg.asset(group_name="raw", partitions_def=days)
    def b() -> None: ...

    @dg.asset(deps=[b], group_name="gold")
    def a() -> None: ...

    job = dg.Definitions([a, b]).resolve_implicit_global_asset_job_def()
    first, second = list_job_assets(job)
    assert (first.key, first.group, first.partitions, first.parents) == (b.key, "raw", days, frozenset())
    assert (second.key, second.group, second.partitions, second.parents) == (a.key, "gold", None, {b.key})


def test_dbt_still_parses_into_a_manifest_that_python_loads_and_opens_duckdb_where_it_is_closed(
    tmp_path: Path,
) -> None:
    assert callable(Manifest.from_msgpack)
    assert callable(Manifest.build_flat_graph)
    assert hasattr(DuckDBConnectionManager, "_ENV")
    close_duckdb()
    assert DuckDBConnectionManager._ENV is None or DuckDBConnectionManager._ENV.conn is None


def test_a_run_in_this_process_keeps_no_output_after_its_step() -> None:
    kept: list[weakref.ref[Big]] = []

    @dg.asset
    def big() -> Big:
        made = Big()
        kept.append(weakref.ref(made))
        return made

    @dg.asset(deps=[big])
    def later() -> None:
        gc.collect()
        assert kept[-1]() is None

    resources = {"io_manager": Forgets()}
    job = dg.Definitions([big, later], resources=resources).resolve_implicit_global_asset_job_def()
    instance = dg.DagsterInstance.ephemeral()
    options: dict[str, Any] = {"assets": [], "partition_key": None, "tags": {}, "run_config": {}}
    assert run_in_process(job, instance, run_id="1" * 32, **options)
    assert not job.execute_in_process(raise_on_error=False).success


def test_a_run_in_this_process_tells_of_its_failure_and_has_its_tags_and_config() -> None:
    @dg.asset(config_schema={"fails": bool})
    def some(context: dg.AssetExecutionContext) -> None:
        if context.op_execution_context.op_config["fails"]:
            raise ValueError

    job = dg.Definitions([some]).resolve_implicit_global_asset_job_def()
    instance = dg.DagsterInstance.ephemeral()
    options: dict[str, Any] = {"assets": [], "partition_key": None, "tags": {"why": "test"}}
    for run_id, fails in (("1" * 32, True), ("2" * 32, False)):
        config = {"ops": {"some": {"config": {"fails": fails}}}}
        assert run_in_process(job, instance, run_id=run_id, run_config=config, **options) != fails
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.tags["why"] == "test"


class Big:
    """Something that is remembered only by who holds it."""


class Forgets(dg.IOManager):
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


def make_range(instance: dg.DagsterInstance) -> str:
    """Make ten partitions in one run; returns its id."""

    @dg.asset(
        partitions_def=dg.DailyPartitionsDefinition("2025-01-01"),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def days() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(tags={"why": "test"})

    tags = {RANGE_START: "2025-01-01", RANGE_END: "2025-01-10"}
    return dg.materialize([days], instance=instance, tags=tags).run_id


def known(instance: dg.DagsterInstance, run_id: str) -> dict[str, Any]:
    """All that the instance tells of the asset and the run."""
    asset = dg.AssetKey("days")
    records = instance.fetch_materializations(asset, limit=100).records
    latest = instance.get_latest_materialization_event(asset)
    [entry] = instance.get_asset_records([asset])
    return {
        "days": [record.partition_key for record in records],
        "ids": len({record.storage_id for record in records}),
        "tags": [sorted(tags) for tags in instance.event_log_storage.get_event_tags_for_asset(asset)],
        "latest": latest and latest.dagster_event and latest.dagster_event.partition,
        "entry": entry.asset_entry.last_materialization_storage_id == records[0].storage_id,
        "planned": instance.get_latest_planned_materialization_info(asset, "2025-01-03") is not None,
        "run": sorted(
            event.dagster_event.event_type_value for event in instance.all_logs(run_id) if event.dagster_event
        ),
    }


def test_the_batching_event_log_tells_exactly_what_the_stock_one_tells(
    event_log: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert type(event_log.event_log_storage).__name__ == "BatchingSqliteEventLogStorage"
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "4")
    with patch.object(SqliteEventLogStorage, "store_event", autospec=True) as one_by_one:
        make_range(event_log)
    batched = {call.args[1].dagster_event_type for call in one_by_one.call_args_list}
    assert dg.DagsterEventType.ASSET_MATERIALIZATION not in batched
    event_log.wipe_assets([dg.AssetKey("days")])
    told = known(event_log, make_range(event_log))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
    with dg.instance_for_test() as stock:
        assert told == known(stock, make_range(stock))
    assert len(told["days"]) == told["ids"] == 10


def test_the_batching_event_log_has_dagster_gather_batches(
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
        told = known(event_log, make_range(event_log))
    assert sorted(told["days"]) == [f"2025-01-{day:02}" for day in range(1, 11)]


def test_dagster_airbytes_workspace_still_has_what_ours_takes_over_and_configures() -> None:
    configured = {
        *("rest_api_base_url", "configuration_api_base_url", "workspace_id"),
        *("client_id", "client_secret", "username", "password"),
        *("request_max_retries", "request_retry_delay", "request_timeout", "max_items_per_page"),
        *("poll_interval", "poll_timeout", "cancel_on_termination", "poll_previous_running_sync"),
    }
    assert set(AirbyteWorkspace.model_fields) == configured
    assert list(inspect.signature(AirbyteWorkspace.get_client).parameters) == ["self"]
    assert list(inspect.signature(AirbyteWorkspace.sync_and_poll).parameters) == ["self", "context"]
