"""The command `sales-assets sql` on a DuckDB file, with a query and as a prompt."""

import io
import json
from pathlib import Path

import duckdb
import pytest

from sales_assets.commands.__main__ import main
from sales_assets_tests.support.data_dir import environment_with


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "sales.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("create table t as select 1 as id, 1022.2201::decimal(18, 4) as amount")
    return file


@pytest.mark.parametrize(
    ("format_", "printed"),
    [("table", [" id    amount", "  1 1022.2201"]), ("csv", ["id,amount", "1,1022.2201"])],
)
def test_a_query_is_answered_as_a_table_or_csv(
    database: Path, capfd: pytest.CaptureFixture[str], format_: str, printed: list[str]
) -> None:
    with environment_with({"SALES_DUCKDB_PATH": str(database)}):
        assert main(["sql", "-- all\n(select * from t)", "--format", format_]) == 0
    assert capfd.readouterr().out.splitlines() == printed


def test_queries_from_a_pipe_are_answered_one_by_one_and_nothing_is_written(
    database: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = "select\n  amount from t;\nselect nothing;\ndelete from t;\nwith a as (from t) from a"
    monkeypatch.setattr("sys.stdin", io.StringIO(queries))
    with environment_with({"SALES_DUCKDB_PATH": str(database)}):
        assert main(["sql", "--format", "json"]) == 1
    amount, failed, refused, last = [line for line in capfd.readouterr().out.splitlines() if line[0] in "[TO"]
    assert json.loads(amount) == [{"amount": 1022.2201}]
    assert failed.startswith("The query failed: ")
    assert refused == "Only queries are run here, and this begins with 'delete'. No stored data was changed."
    assert json.loads(last) == [{"id": 1, "amount": 1022.2201}]
    with duckdb.connect(database) as connection:  # nobody holds the file
        assert connection.sql("select count(*) from t").fetchall() == [(1,)]
