"""Runs that are terminated at a bad moment: they end at once, with what was stored kept and the lock free."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest
from adbc_driver_postgresql import dbapi

from sales_assets.operations.repair.launch import execute_run
from sales_assets.operations.repair.planned_runs import PlannedRun
from sales_assets.settings import Settings
from sales_assets.warehouse import file_lock
from sales_assets.warehouse.file_lock import WAITING, lock_database
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.pipeline import DAYS, TO_ANOMALIES, Pipeline, build_daily_job
from sales_assets_tests.support.python_process import PROCESSES
from sales_assets_tests.support.quick_instances import stored_instance

pytestmark = pytest.mark.slow


INTERRUPTED = 130
POLL_SECONDS = 0.1
AT_MOST_SECONDS = 60.0
DAY = DAYS[0]


def run_day(settings: Settings, erp_url: str, history: Path) -> None:
    """In a child: run a day as the commands do."""
    os.environ["ERP_POSTGRES_URL"] = erp_url
    _, job = build_daily_job(settings, TO_ANOMALIES)
    with (
        patch.object(file_lock, "FIRST_NOTICE_SECONDS", 0.0),
        dg.DagsterInstance.from_config(str(history)) as instance,
    ):
        try:
            execute_run(PlannedRun((), DAY, DAY), job, instance, lambda _: None, "a test")
        except KeyboardInterrupt:
            os._exit(INTERRUPTED)
    os._exit(0)  # skips DuckDB's report of objects that the interpreter did not free


@contextmanager
def reading_the_erp(pipeline: Pipeline, _: dg.DagsterInstance) -> Iterator[Callable[[], bool]]:
    """A run that waits for the ERP, which another session has locked."""
    erp = pipeline.erp
    with closing(dbapi.connect(erp.admin_url)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("lock table orders in access exclusive mode")
        yield lambda: count_waiting(erp) == 1
        assert count_waiting(erp) == 0


def count_waiting(erp: Erp) -> int:
    """How many sessions wait for a lock."""
    with closing(dbapi.connect(erp.admin_url)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
        [count] = cursor.fetchone()
        return int(count)


@contextmanager
def waiting_for_the_lock(pipeline: Pipeline, instance: dg.DagsterInstance) -> Iterator[Callable[[], bool]]:
    """A run that waits for the warehouse, which this process has."""
    with lock_database(pipeline.settings.duckdb_path, exclusive=True, caller="a test"):
        yield lambda: any(
            record.event_log_entry.user_message.startswith(WAITING)
            for run in instance.get_runs(limit=1)
            for record in instance.get_records_for_run(run.run_id).records
        )


@contextmanager
def building_with_dbt(_: Pipeline, instance: dg.DagsterInstance) -> Iterator[Callable[[], bool]]:
    """A run whose dbt has built a model, and builds the next ones."""
    yield lambda: any(
        event.asset_key is not None and event.asset_key.path[0] == "staging"
        for run in instance.get_runs(limit=1)
        for record in instance.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
        if (event := record.event_log_entry.get_dagster_event())
    )


Moment = Callable[[Pipeline, dg.DagsterInstance], AbstractContextManager[Callable[[], bool]]]


@pytest.fixture
def pipeline(erp: Erp, settings: Settings) -> Pipeline:
    erp.order(1, f"{DAY} 10:00+00")
    return Pipeline(erp, settings, TO_ANOMALIES)


@pytest.mark.usefixtures("models_alone")
@pytest.mark.parametrize(
    "moments",
    [
        pytest.param([(building_with_dbt, signal.SIGINT)], id="building with dbt"),
        pytest.param(
            [(reading_the_erp, signal.SIGTERM), (waiting_for_the_lock, signal.SIGINT)],
            id="waiting for the ERP or the lock",
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_a_run_that_is_terminated_ends_and_keeps_what_was_stored(
    pipeline: Pipeline, tmp_path: Path, moments: list[tuple[Moment, signal.Signals]]
) -> None:
    assert pipeline.run(partition_key=DAY).success
    stored = pipeline.totals(DAY)
    pipeline.erp.run("update order_items set unit_price = 20")
    with stored_instance(tmp_path) as instance:
        for number, (moment, ending) in enumerate(moments, start=1):
            child = PROCESSES.Process(target=run_day, args=(pipeline.settings, pipeline.erp.url, tmp_path))
            with moment(pipeline, instance) as has_come:
                child.start()
                while not (len(instance.get_runs()) == number and has_come()):
                    child.join(POLL_SECONDS)
                    assert child.is_alive()
                os.kill(child.pid or 0, ending)
                child.join(AT_MOST_SECONDS)
                assert child.exitcode == INTERRUPTED, moment.__name__
            assert instance.get_runs(limit=1)[0].status is dg.DagsterRunStatus.CANCELED
            with lock_database(
                pipeline.settings.duckdb_path, exclusive=True, caller="test", timeout_seconds=0
            ):
                pass
            for table, total in pipeline.totals(DAY).items():
                assert total in (stored[table], (1, "20.0000")), moment.__name__
