"""A write does not keep in memory what it has stored, and leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from sales_assets.catalog.contracts import required
from sales_assets.warehouse.duckdb import DuckDBEngine
from sales_assets.warehouse.duckdb_file import open_database
from sales_assets.warehouse.io_manager import WarehouseIOManager
from sales_assets.warehouse.slices import Slice

CONTRACT = dg.TableSchema(columns=[required("id", "BIGINT", "")])
CHUNK_ROWS, CHUNKS = 100_000, 6


def test_chunks_that_are_stored_do_not_wait_in_memory_for_the_commit(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "sales.duckdb")
    WarehouseIOManager(engine, "raw")
    assert pa.default_memory_pool().backend_name == "system"
    before = pa.total_allocated_bytes()

    def make() -> Iterator[pa.Table]:
        for number in range(CHUNKS):
            ids = range(number * CHUNK_ROWS, (number + 1) * CHUNK_ROWS)
            yield pa.table({"id": pa.array(ids, pa.int64())})
            assert pa.total_allocated_bytes() - before < 2.5 * CHUNK_ROWS * 8

    written = engine.replace(Slice("raw", "t"), CONTRACT, make(), "a test")
    assert written.table_rows == CHUNKS * CHUNK_ROWS


@pytest.mark.parametrize(
    ("config", "limits"),
    [({}, ["244.1 MiB", "122.0 MiB"]), ({"memory_limit": "1GB"}, ["953.6 MiB", "953.6 MiB"])],
)
def test_writers_and_readers_have_a_limit_of_memory_unless_one_is_configured(
    tmp_path: Path, config: dict[str, str], limits: list[str]
) -> None:
    found: list[str] = []
    for read_only in (False, True):
        opened = open_database(tmp_path / "sales.duckdb", read_only=read_only, caller="a test", config=config)
        with opened as connection:
            found += connection.execute("select current_setting('memory_limit')").fetchone() or ()
    assert found == limits


def test_a_reader_sorts_more_rows_than_its_memory_holds(tmp_path: Path) -> None:
    database, rows = tmp_path / "sales.duckdb", 400_000
    with open_database(database, read_only=False, caller="a test") as connection:
        connection.execute(f"create table t as select range as id, hash(range) as name from range({rows})")
    sort = "select count(distinct rank) from (select row_number() over (order by name) as rank, id from t)"
    small = {"memory_limit": "16MB"}
    with open_database(database, read_only=True, caller="a test", config=small) as connection:
        assert connection.execute(sort).fetchone() == (rows,)
