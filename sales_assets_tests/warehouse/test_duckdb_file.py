"""Opening the warehouse file: what cannot be opened is said in a sentence, and nothing is changed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from sales_assets.dbt.project import build_dbt_resource
from sales_assets.errors import RefusedError
from sales_assets.settings import Settings
from sales_assets.warehouse.duckdb_file import opened
from sales_assets.warehouse.file_lock import WarehouseBusyError

HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def write(database: Path, **options: float) -> None:
    with opened(database, read_only=False, holder="test", **options) as connection:
        connection.execute("create or replace table t as select 1 as n")


def test_the_first_writer_makes_the_file_and_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder" / "sales.duckdb")
    assert (tmp_path / "new" / "folder" / "sales.duckdb").exists()


@pytest.mark.parametrize("name", ["file/sales.duckdb", "folder"])
def test_a_path_that_cannot_be_written_is_refused_by_its_setting(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RefusedError, match="SALES_DUCKDB_PATH"):
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
        opened(tmp_path / "sales.duckdb", read_only=True, holder="test"),
    ):
        pass


@pytest.mark.parametrize("dbt", [False, True], ids=["a write", "dbt"])
def test_what_fails_while_the_file_is_open_is_not_taken_for_a_path_that_cannot_be_written(
    tmp_path: Path, dbt: bool
) -> None:
    database = tmp_path / "sales.duckdb"
    holding = (
        build_dbt_resource(Settings(duckdb_path=database)).alone("dbt")
        if dbt
        else opened(database, read_only=False, holder="test")
    )
    with pytest.raises(ConnectionResetError), holding:
        raise ConnectionResetError


@contextmanager
def stranger_holding(database: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that opened the file without our lock."""
    command = [sys.executable, "-c", HOLD, str(database)]
    stranger = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "open\n"
        yield stranger
    finally:
        stranger.communicate()


def test_a_stranger_that_keeps_the_file_is_named_when_we_give_up(tmp_path: Path) -> None:
    database = tmp_path / "sales.duckdb"
    write(database)
    with (
        stranger_holding(database) as stranger,
        pytest.raises(WarehouseBusyError, match=rf"Conflicting lock .*{stranger.pid}"),
    ):
        write(database, stranger_patience_seconds=0.1)
    write(database)


def test_dbt_waits_for_a_stranger_too_and_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sales_assets.warehouse.duckdb_file.STRANGER_PATIENCE_SECONDS", 0.1)
    database = tmp_path / "sales.duckdb"
    write(database)
    with (
        stranger_holding(database) as stranger,
        pytest.raises(WarehouseBusyError, match=rf"Conflicting lock .*{stranger.pid}"),
        build_dbt_resource(Settings(duckdb_path=database)).alone("dbt"),
    ):
        pass
    with build_dbt_resource(Settings(duckdb_path=database)).alone("dbt"):
        pass


def test_a_connection_is_closed_after_an_error(tmp_path: Path) -> None:
    database = tmp_path / "sales.duckdb"
    with pytest.raises(ZeroDivisionError), opened(database, read_only=False, holder="test"):
        _ = 1 / 0
    duckdb.connect(database, read_only=True).close()
