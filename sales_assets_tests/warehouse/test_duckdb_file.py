"""Opening the warehouse file: an error is one sentence, and no stored data is changed."""

import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from sales_assets.dbt.project import build_dbt_resource
from sales_assets.errors import RefusedError
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets.warehouse.duckdb_file import FOREIGN_LOCK_TIMEOUT_SECONDS, open_database
from sales_assets.warehouse.file_lock import WarehouseBusyError
from sales_assets_tests.support.data_dir import settings_with

HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def write(database: Path, timeout_seconds: float = FOREIGN_LOCK_TIMEOUT_SECONDS) -> None:
    with open_database(
        database, read_only=False, caller="test", foreign_lock_timeout_seconds=timeout_seconds
    ) as connection:
        connection.execute("create or replace table t as select 1 as n")


def test_the_first_writer_makes_the_file_and_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder" / "sales.duckdb")
    assert (tmp_path / "new" / "folder" / "sales.duckdb").exists()


@pytest.mark.parametrize("name", ["file/sales.duckdb", "folder"])
def test_a_path_that_cannot_be_written_is_refused_by_its_setting(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RefusedError, match=r"No stored data was changed\. .*SALES_DUCKDB_PATH"):
        write(tmp_path / name)


def test_a_file_that_is_not_duckdb_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    database = tmp_path / "sales.duckdb"
    database.write_text("order_id,total_amount\n" * 1000)
    with pytest.raises(RefusedError, match="not a valid DuckDB database file"):
        write(database)
    assert database.read_text().startswith("order_id")


def test_a_warehouse_that_does_not_exist_yet_cannot_be_read(tmp_path: Path) -> None:
    with (
        pytest.raises(RefusedError, match="Materialize an asset first"),
        open_database(tmp_path / "sales.duckdb", read_only=True, caller="test"),
    ):
        pass


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    database = tmp_path / "sales.duckdb"
    write(database)
    with (
        pytest.raises(duckdb.InvalidInputException, match="read-only mode"),
        open_database(database, read_only=True, caller="test") as connection,
    ):
        connection.execute("create table t (i integer)")


@pytest.mark.parametrize("dbt", [False, True], ids=["a write", "dbt"])
def test_an_error_while_the_file_is_open_is_not_reported_as_an_unwritable_path(
    tmp_path: Path, dbt: bool
) -> None:
    database = tmp_path / "sales.duckdb"
    opening = (
        build_dbt_resource(settings_with(duckdb_path=database)).reserve_warehouse("dbt")
        if dbt
        else open_database(database, read_only=False, caller="test")
    )
    with pytest.raises(ConnectionResetError), opening:
        raise ConnectionResetError


@contextmanager
def open_in_another_program(database: Path) -> Iterator[subprocess.Popen[str]]:
    """Open the file in a program that does not take our lock."""
    command = [sys.executable, "-c", HOLD, str(database)]
    program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "open\n"
        yield program
    finally:
        program.communicate()


def test_another_program_that_has_the_file_open_is_named_after_the_timeout(tmp_path: Path) -> None:
    database = tmp_path / "sales.duckdb"
    write(database)
    with (
        open_in_another_program(database) as program,
        pytest.raises(WarehouseBusyError, match=rf"Conflicting lock .*{program.pid}"),
    ):
        write(database, timeout_seconds=0.1)
    write(database)


def test_dbt_waits_for_another_program_too_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.warehouse.duckdb_file.FOREIGN_LOCK_TIMEOUT_SECONDS", 0.1)
    database = tmp_path / "sales.duckdb"
    write(database)
    dbt = build_dbt_resource(settings_with(duckdb_path=database))
    with (
        open_in_another_program(database) as program,
        pytest.raises(WarehouseBusyError, match=rf"Conflicting lock .*{program.pid}"),
        dbt.reserve_warehouse("dbt"),
    ):
        pass
    with dbt.reserve_warehouse("dbt"):
        pass


def test_a_connection_is_closed_after_an_error(tmp_path: Path) -> None:
    database = tmp_path / "sales.duckdb"
    with pytest.raises(ZeroDivisionError), open_database(database, read_only=False, caller="test"):
        _ = 1 / 0
    duckdb.connect(database, read_only=True).close()


def test_an_error_of_duckdb_keeps_its_class_and_column_and_shows_no_value(tmp_path: Path) -> None:
    write(tmp_path / "sales.duckdb")
    warehouse = DuckDBWarehouse(database=str(tmp_path / "sales.duckdb"))
    with pytest.raises(duckdb.ConversionException) as error:
        warehouse.query("select email::int from (select 'ada@' || 'example.com' as email)")
    assert "Could not convert string [redacted] to INT32 when casting from source column email" in str(
        error.value
    )
    assert "ada" not in "".join(traceback.format_exception(error.value)).partition("ConversionException")[2]


def test_a_folder_that_cannot_be_made_is_refused_and_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RefusedError, match="/file cannot be made: File exists"):
        write(tmp_path / "file" / "sales.duckdb")
