"""DuckDB admits one writer: runs, readers and dbt wait for each other, and no write is lost."""

import logging
import multiprocessing
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from sales_assets.catalog.contracts import RAW_CUSTOMERS_SCHEMA, SILVER_ENRICHED_ORDERS_SCHEMA
from sales_assets.dbt.project import build_dbt_resource, prepare_project
from sales_assets.settings import Settings
from sales_assets.warehouse import file_lock
from sales_assets.warehouse.column_types import to_arrow_type
from sales_assets.warehouse.duckdb import DuckDBEngine
from sales_assets.warehouse.file_lock import WarehouseBusyError, lock_database
from sales_assets.warehouse.slices import Slice
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.warehouses import T, WarehouseUnderTest, ids, rows, temporary_duckdb

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
ROWS_A_DAY = 50


def days(first: int) -> list[str]:
    """Twenty days, starting at a day of January."""
    return [str(day.date()) for day in pd.date_range("2025-01-01", periods=20) + pd.Timedelta(days=first - 1)]


def store_days(folder: Path, first: int, offset: int) -> None:
    """In a child: store twenty partitions, one run each."""
    with temporary_duckdb(folder) as warehouse:
        for day in days(first):
            warehouse.store(rows(*range(offset, offset + ROWS_A_DAY), day=day), T, key=day)
    os._exit(0)  # skips DuckDB's report of objects that the interpreter did not free


def read_until(writers: Sequence[BaseProcess], warehouse: WarehouseUnderTest) -> int:
    """Read until all writers have finished; a day is stored completely or not at all."""
    reads = 0
    while any(writer.is_alive() for writer in writers):
        counts = warehouse.column("select count(*) as n from raw.t group by cast(t.at as date)")
        assert set(counts) <= {ROWS_A_DAY}
        reads += 1
    return reads


def build_with_dbt(settings: Settings) -> int:
    """dbt, twice, as an asset runs it, for some models and their tests."""
    dbt, project = build_dbt_resource(settings), prepare_project(settings)
    for _ in range(2):
        command = ["build", "--exclude-resource-type", "unit_test", "--select", "+daily_sales"]
        assert len(list(dbt.run(command, project, "test"))) > 30
    return 2


@pytest.mark.exhaustive
@pytest.mark.slow
def test_two_runs_of_twenty_days_a_reader_and_dbt_at_once_all_succeed(tmp_path: Path) -> None:
    settings = settings_with(duckdb_path=tmp_path / "sales.duckdb")
    engine = DuckDBEngine(settings.duckdb_path)
    for name, contract in (
        (Slice("raw", "raw_customers"), RAW_CUSTOMERS_SCHEMA),
        (Slice("silver", "silver_enriched_orders"), SILVER_ENRICHED_ORDERS_SCHEMA),
        (Slice("raw", "t"), T),
    ):
        empty = pa.table({column.name: pa.array([], to_arrow_type(column)) for column in contract.columns})
        engine.replace(name, contract, [empty], "test")
    writers = [PROCESSES.Process(target=store_days, args=(tmp_path, *run)) for run in ((1, 0), (11, 1000))]
    for writer in writers:
        writer.start()
    with temporary_duckdb(tmp_path) as warehouse, ThreadPoolExecutor() as pool:
        building = pool.submit(build_with_dbt, settings)
        assert read_until(writers, warehouse) > 0
        assert building.result() == 2
        assert [writer.exitcode for writer in writers] == [0, 0]
        assert warehouse.column("select count(*) as n from raw.t") == [30 * ROWS_A_DAY]
        counts = warehouse.query("select cast(t.at as date) as day, count(*) as n from raw.t group by 1")
        assert set(counts["n"]) == {ROWS_A_DAY}
        assert len(ids(warehouse, "id >= 1000")) >= 10 * ROWS_A_DAY


def test_readers_share_the_lock_and_a_writer_has_it_alone(tmp_path: Path) -> None:
    file = tmp_path / "sales.duckdb"

    def lock(*, exclusive: bool) -> AbstractContextManager[None]:
        caller = "run 1, raw_orders" if exclusive else "reader"
        return lock_database(file, exclusive=exclusive, caller=caller, timeout_seconds=0)

    with (
        lock(exclusive=False),
        lock(exclusive=False),
        pytest.raises(WarehouseBusyError),
        lock(exclusive=True),
    ):
        pass
    with lock(exclusive=True):
        for exclusive in (False, True):
            with (
                pytest.raises(
                    WarehouseBusyError, match=r"held by process \d+ \(run 1, raw_orders\) since 20\d\d-"
                ),
                lock(exclusive=exclusive),
            ):
                pass


def test_a_run_that_waits_for_the_lock_says_for_whom_and_since_when_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("FIRST_NOTICE_SECONDS", "NEXT_NOTICE_SECONDS"):
        monkeypatch.setattr(file_lock, name, 0.0)
    monkeypatch.setattr(logging.getLogger("dagster"), "propagate", True)
    file = tmp_path / "sales.duckdb"

    def wait(*, exclusive: bool) -> list[str]:
        caplog.clear()
        with (
            pytest.raises(WarehouseBusyError),
            lock_database(file, exclusive=exclusive, caller="other", timeout_seconds=0.1),
        ):
            pass
        return [record.getMessage() for record in caplog.records]

    with lock_database(file, exclusive=True, caller="run 1, raw_orders"):
        said = wait(exclusive=False)
    assert len(said) > 1
    assert all(f"held by process {os.getpid()} (run 1, raw_orders) since 20" in text for text in said)
    with lock_database(file, exclusive=False, caller="a query"):
        assert "It is held by readers." in wait(exclusive=True)[0]


def hold(file: Path) -> None:
    """In a child: take the lock, and wait until it is killed."""
    with lock_database(file, exclusive=True, caller="a child"):
        file.with_suffix(".held").touch()
        subprocess.run(["sleep", "600"], check=False)


@pytest.mark.slow
def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    file = tmp_path / "sales.duckdb"
    child = PROCESSES.Process(target=hold, args=(file,))
    child.start()
    while not file.with_suffix(".held").exists():
        assert child.is_alive()
    child.kill()
    child.join()
    with lock_database(file, exclusive=True, caller="test", timeout_seconds=30):
        pass
