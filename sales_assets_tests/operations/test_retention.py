"""Retention: what goes is what nothing reads, and the catalog is as it was, on SQLite and on PostgreSQL."""

import os
import shutil
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pandas as pd
import pytest
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from sqlalchemy import func, select

from sales_assets.automation.jobs import retention_job
from sales_assets.catalog.approvals import read_entries
from sales_assets.catalog.names import MONTHLY_REVENUE_KEY, RAW_MARKETPLACE_ORDERS_KEY
from sales_assets.catalog.partitions import window_between
from sales_assets.catalog.records import fetch_latest_event_ids, fetch_statuses, find_days_without_orders
from sales_assets.commands import retention
from sales_assets.definitions import defs
from sales_assets.errors import UnavailableError
from sales_assets.operations.repair import repair_plan
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.retention import plan as planning
from sales_assets.operations.retention import removal
from sales_assets.operations.retention.plan import Places, choose_removable, plan_retention
from sales_assets.operations.retention.removal import remove_history
from sales_assets.operations.retention.space import describe_autovacuum, reclaim_space
from sales_assets.private_apis.instance import read_materialized_partitions
from sales_assets.private_apis.storage_files import Autovacuum, locate_compute_logs
from sales_assets.warehouse.abandoned import drop_abandoned, list_abandoned
from sales_assets.warehouse.duckdb import DuckDBEngine
from sales_assets.warehouse.file_store import open_file_store
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.made_up_history import CHARGES, CHECKS, CUTOFF, DAYS, History, write
from sales_assets_tests.support.quick_instances import stored_instance
from sales_assets_tests.support.warehouses import D15, T, fake_snowflake, rows

pytestmark = pytest.mark.slow  # each makes up a history of runs

STORAGES = ("sqlite", pytest.param("postgres", marks=pytest.mark.exhaustive))


class KilledError(BaseException):
    """Ends a removal in the middle."""


@dataclass
class Written:
    """A made-up history, and copies of it that a test may destroy."""

    storage: str
    folder: Path
    erp: Erp
    removable: set[str]
    staying: set[str]
    catalog: dict[str, Any]
    copies: int = 0

    @contextmanager
    def copy(self, folder: Path) -> Iterator[Places]:
        """Open a copy of the history."""
        self.copies += 1
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        name = f"retention_{self.copies}"
        if self.storage == "postgres":
            self.erp.run(f"create database {name} template retention")
        with open_history(self.storage, folder, self.erp, name) as instance:
            models = open_file_store(str(folder / "models"))
            yield Places(instance, folder / "dbt", DuckDBEngine(folder / "sales.duckdb"), models)


@contextmanager
def open_history(storage: str, folder: Path, erp: Erp, database: str) -> Iterator[dg.DagsterInstance]:
    """Open an instance on SQLite in a folder, or on a database of the server of the ERP."""
    url = erp.admin_url.replace("/postgres?", f"/{database}?")
    overrides: dict[str, Any] = {
        "storage": {
            "custom": {
                "module": "sales_assets.private_apis.postgres_storage",
                "class": "LastingPostgresStorage",
                "config": {"postgres_url": url},
            }
        }
    }
    if storage == "sqlite":
        own = {"module": "sales_assets.private_apis.event_log", "class": "BatchingSqliteEventLogStorage"}
        overrides = {
            "event_log_storage": {**own, "config": {"base_dir": str(folder / "runs")}},
            "run_storage": {
                "module": "dagster._core.storage.runs",
                "class": "SqliteRunStorage",
                "config": {"base_dir": str(folder)},
            },
            "schedule_storage": {
                "module": "dagster._core.storage.schedules",
                "class": "SqliteScheduleStorage",
                "config": {"base_dir": str(folder)},
            },
        }
    with dg.instance_for_test(temp_dir=str(folder), overrides=overrides) as instance:
        yield instance


@pytest.fixture(scope="module")
def lineage() -> Lineage:
    return Lineage.of_job(defs.resolve_job_def("daily_sales_pipeline"))


@pytest.fixture(scope="module", params=STORAGES)
def written(
    request: pytest.FixtureRequest, lineage: Lineage, postgres: Erp, tmp_path_factory: pytest.TempPathFactory
) -> Written:
    """A history of seven months, written once for each storage."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "postgres":
        postgres.run("create database retention")
    with open_history(request.param, folder, postgres, "retention") as instance:
        history = History(instance, lineage).write()
        catalog = describe_catalog(instance, lineage)
    removable = history.removable
    return Written(request.param, folder, postgres, removable, history.created.keys() - removable, catalog)


def describe_catalog(instance: dg.DagsterInstance, lineage: Lineage) -> dict[str, Any]:
    """What the catalog, the checks and `make repair` read of the history."""
    storage = instance.event_log_storage
    keys = [*lineage.assets, RAW_MARKETPLACE_ORDERS_KEY, CHARGES]
    checks = [dg.AssetCheckKey(lineage.unpartitioned[0], name) for name in CHECKS]
    equal = pd.DataFrame(columns=["day", "reason"])
    with patch.object(repair_plan, "find_differences", return_value=equal):
        window = window_between(DAYS[0], DAYS[-1])
        unused: Any = None
        options = {"postgres_erp": unused, "warehouse": unused, "at_most": None}
        plan = repair_plan.plan_repair(window, lineage, instance, **options)
    return {
        "plan": str(plan),
        "statuses": {key: fetch_statuses(instance, key, DAYS) for key in lineage.daily},
        "partitions": {key: read_materialized_partitions(instance, key) for key in keys},
        "latest": {key: fetch_latest_event_ids(instance, key, DAYS) for key in keys},
        "without orders": find_days_without_orders(instance, DAYS),
        "assets": {
            record.asset_entry.asset_key: (
                record.asset_entry.last_materialization_record,
                record.asset_entry.last_run_id,
                record.asset_entry.last_observation_record,
                record.asset_entry.last_planned_materialization_storage_id,
            )
            for record in instance.get_asset_records(keys)
        },
        "approvals": read_entries(instance, MONTHLY_REVENUE_KEY),
        "checks": storage.get_asset_check_summary_records(checks),
        "freshness": storage.get_freshness_state_records([CHARGES]),
    }


def forget_cached_statuses(instance: dg.DagsterInstance, lineage: Lineage) -> None:
    """Let Dagster derive the partitions' statuses from the events again."""
    for key in lineage.daily:
        instance.event_log_storage.wipe_asset_cached_status(key)


def count_lost_rows(instance: dg.DagsterInstance) -> dict[str, int]:
    """Count the rows that belong to no run or event any more."""
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    events, checks, tags = SqlEventLogStorageTable, AssetCheckExecutionsTable, AssetEventTagsTable
    ids = [*instance.get_run_ids(), ""]
    lost = {
        "events": select(func.count()).select_from(events).where(events.c.run_id.not_in(ids)),
        "checks": select(func.count()).select_from(checks).where(checks.c.run_id.not_in(ids)),
        "tags": select(func.count()).select_from(tags).where(tags.c.event_id.not_in(select(events.c.id))),
    }
    with storage.index_connection() as connection:
        return {name: int(connection.execute(query).scalar_one()) for name, query in lost.items()}


def list_run_files(places: Places) -> set[str]:
    """The runs that have a file of events or a folder of logs."""
    logs = locate_compute_logs(places.instance)
    assert logs is not None
    shards = {path.name.partition(".")[0] for path in (logs.parent / "runs").glob("*.db*")}
    return {path.name for path in logs.iterdir() if (path / "compute_logs").exists()} | shards - {
        "",
        "index",
        "empty",
    }


def assert_is_finished(places: Places, written: Written, lineage: Lineage) -> None:
    """The removable runs are gone with everything of them, and nothing that the catalog shows has changed."""
    assert set(places.instance.get_run_ids()) == written.staying
    assert describe_catalog(places.instance, lineage) == written.catalog
    assert count_lost_rows(places.instance) == {"events": 0, "checks": 0, "tags": 0}
    assert not list_run_files(places) & written.removable
    assert [number for _, number, _ in plan_retention(places, CUTOFF).rows] == [0] * 8


def test_retention_removes_what_nothing_reads_and_the_catalog_is_as_it_was(
    written: Written, lineage: Lineage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {"MATERIALIZED", "FAILED", "IN_PROGRESS"} <= {
        status for days in written.catalog["statuses"].values() for status in days.values()
    }
    assert min(len(written.removable), len(written.staying)) > 10
    assert len(written.catalog["approvals"]) == 2
    monkeypatch.setattr(planning, "RUNS_AT_ONCE", 7)
    with written.copy(tmp_path) as places:
        plan = plan_retention(places, CUTOFF)
        assert set(plan.runs) == written.removable
        assert min(plan.kept, len(plan.runless_events), len(plan.backfills)) > 0
        assert sum(plan.sizes.values()) > 100_000
        remove_history(plan, places, lambda _: None)
        assert describe_catalog(places.instance, lineage) == written.catalog
        forget_cached_statuses(places.instance, lineage)
        assert_is_finished(places, written, lineage)
        assert "vacuum" in reclaim_space(places.instance)


KILLS = [(removal, "delete_runs", 1), (SqlEventLogStorage, "free_concurrency_slots_for_run", 4)]
"""Where a removal is killed: before which call of what, counted from 0. The second is amid a batch."""


@contextmanager
def kill_at(where: Any, name: str, calls: int) -> Iterator[None]:
    """End with an error that nothing catches, instead of calling something once more."""
    original, made = getattr(where, name), 0

    def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal made
        made += 1
        if made > calls:
            raise KilledError
        return original(*arguments, **options)

    with patch.object(where, name, counting):
        yield


def test_a_removal_that_is_killed_is_finished_by_two_at_once(
    written: Written, lineage: Lineage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_RUNS_AT_ONCE", 3)
    with written.copy(tmp_path) as places, ExitStack() as stack:
        for where, name, calls in KILLS:
            with kill_at(where, name, calls), pytest.raises(KilledError):
                remove_history(plan_retention(places, CUTOFF), places, lambda _: None)
            assert set(places.instance.get_run_ids()) > written.staying
        assert describe_catalog(places.instance, lineage) == written.catalog
        plan = plan_retention(places, CUTOFF)
        other = stack.enter_context(dg.DagsterInstance.from_ref(places.instance.get_ref()))
        both = [places, replace(places, instance=other)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: remove_history(plan, each, lambda _: None), both))
        assert_is_finished(places, written, lineage)


def test_an_ancestor_stays_as_long_as_one_of_its_retries() -> None:
    links = [("child", "root"), ("grandchild", "root"), ("grandchild", "child"), ("gone", "other")]
    ended = ["root", "child", "other", "gone"]
    assert choose_removable(ended, [], links) == ["other", "gone"]
    assert choose_removable([*ended, "grandchild"], [], links) == [*ended, "grandchild"]
    assert choose_removable(["root", "child"], ["child"], links[:1]) == []


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """A laptop's instance with files of ticks and of dbt, each an old and a new one, and no run."""
    with stored_instance(tmp_path) as instance:
        logs = locate_compute_logs(instance)
        assert logs is not None
        for folder in (logs / "__repository__" / "alerts_sensor", tmp_path / "dbt" / "compiled"):
            os.utime(write(folder / "old"), (CUTOFF.timestamp() - 1,) * 2)
            os.utime(write(folder / "new"), (CUTOFF.timestamp(),) * 2)
        models = open_file_store(str(tmp_path / "models"))
        yield Places(instance, tmp_path / "dbt", DuckDBEngine(tmp_path / "sales.duckdb"), models)


def test_old_files_of_ticks_and_of_dbt_are_removed_and_newer_ones_stay(places: Places) -> None:
    plan = plan_retention(places, CUTOFF)
    assert [path.name for path in (*plan.tick_logs, *plan.artifacts)] == ["old", "old"]
    remove_history(plan, places, lambda _: None)
    assert [path.name for path in places.dbt_folder.rglob("*") if path.is_file()] == ["new"]
    remove_history(plan, places, lambda _: None)


def test_old_models_are_removed_and_the_published_the_latest_the_last_and_what_is_no_model_stay(
    places: Places,
) -> None:
    def write(number: int, *names: str) -> None:
        day = CUTOFF.date() - timedelta(days=7 * (20 - number))
        for name in (f"v{number}", *names):
            places.models.write(f"forecast_model/{name}.json", f'{{"last_day": "{day}"}}'.encode())

    write(1, "published")
    for number in range(2, 19):
        write(number)
    write(5, "latest")
    places.models.write("forecast_model/notes.txt", b"of a person")
    plan = plan_retention(places, CUTOFF)
    old = [f"forecast_model/v{number}.json" for number in (2, 3, 4, 6)]
    assert sorted(plan.models) == old
    assert ("files of trained models", 4, 0.0) in plan.rows
    remove_history(plan, places, lambda _: None)
    assert len(places.models.list_names()) == 18 + 3 - 4
    assert plan_retention(places, CUTOFF - timedelta(days=700)).models == []


def test_logs_that_cannot_be_deleted_end_the_removal_with_a_sentence_before_anything_is_lost(
    places: Places, lineage: Lineage
) -> None:
    History(places.instance, lineage).check()
    [run_id] = places.instance.get_run_ids()
    plan = replace(plan_retention(places, CUTOFF), runs=[run_id])
    with (
        patch.object(
            places.instance.compute_log_manager, "delete_logs", side_effect=OSError("Access denied.")
        ),
        pytest.raises(
            UnavailableError, match=r"could not be deleted: Access denied\. Its record .* are kept"
        ),
    ):
        remove_history(plan, places, lambda _: None)
    assert places.instance.get_run_ids() == [run_id]


def test_sqlites_files_are_not_vacuumed_while_another_run_is_active(places: Places) -> None:
    assert "MB less" in reclaim_space(places.instance)
    run = dg.DagsterRun("made_up", status=dg.DagsterRunStatus.STARTED)
    places.instance.run_storage.add_run(run)
    assert "1 run(s) are active" in reclaim_space(places.instance)
    assert "MB less" in reclaim_space(places.instance, own_run_id=run.run_id)


def test_what_postgresql_will_do_is_told_also_if_it_does_nothing() -> None:
    assert "vacuums event_logs, which has about 1,000 rows, once 250 of them" in describe_autovacuum(
        Autovacuum(is_on=True, rows=1000, threshold=250)
    )
    assert "is off" in describe_autovacuum(Autovacuum(is_on=False, rows=1000, threshold=250))


def test_a_staging_table_that_a_killed_write_left_is_dropped_and_no_other_table(tmp_path: Path) -> None:
    with fake_snowflake(tmp_path) as warehouse:
        warehouse.store(rows(1), T, key=D15)
        left = f"raw.t__staging_{'0123456789abcdef' * 2}"
        for name in (left, "raw.t__staging_of_a_person"):
            warehouse.query(f"create table {name} (id bigint)")
        engine = warehouse.io_manager.create_io_manager(None).engine
        assert list_abandoned(engine, datetime(1969, 12, 31, tzinfo=UTC)) == []  # the emulator's are of 1970
        abandoned = list_abandoned(engine, CUTOFF)
        assert [table.name.lower() for table in abandoned] == [left]
        drop_abandoned(engine, abandoned)
        drop_abandoned(engine, abandoned)
        assert list_abandoned(engine, CUTOFF) == []
        assert warehouse.column("select count(*) from raw.t__staging_of_a_person") == [0]


def test_the_job_only_shows_what_would_go_and_the_schedule_removes_it(
    places: Places, lineage: Lineage, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(places.instance, lineage)
    for _ in range(9):
        history.check()
        history.now += timedelta(hours=1)
    assert len(history.removable) > 1
    schedule = defs.get_repository_def().get_schedule_def("retention_schedule")
    with dg.build_schedule_context(instance=places.instance) as context:
        [request] = schedule.evaluate_tick(context).run_requests or []
    assert (schedule.job_name, schedule.cron_schedule) == (retention_job.name, "0 3 * * 0")
    job = defs.resolve_job_def(retention_job.name)
    shown = job.execute_in_process(instance=places.instance)
    assert {*history.created} < {*places.instance.get_run_ids()}
    [output] = [event for event in shown.all_events if event.is_successful_output]
    plan: Any = output.step_output_data.metadata["plan"].value
    assert {"what": "runs with their events", "number": len(history.removable)}.items() <= (
        plan.records[0].data.items()
    )
    assert job.execute_in_process(instance=places.instance, run_config=request.run_config).success
    assert {*places.instance.get_run_ids()} & {*history.created} == {*history.created} - history.removable


def test_the_command_only_lists_unless_it_is_told_to_run(
    places: Places, lineage: Lineage, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, lines = History(places.instance, lineage), list[str]()
    for _ in range(9):
        history.check()
    monkeypatch.setattr(retention, "open_instance", lambda: nullcontext(places.instance))
    monkeypatch.setattr(retention, "print_line", lines.append)
    assert retention.run(Namespace(run=False)) == 0
    assert "Nothing was removed. `make retention RUN=1` removes it." in lines[-1]
    assert len(places.instance.get_run_ids()) == 9
    assert retention.run(Namespace(run=True)) == 0
    assert {*places.instance.get_run_ids()} == {*history.created} - history.removable
    assert "SQLite's files were vacuumed" in lines[-1]
