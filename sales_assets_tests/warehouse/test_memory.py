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


@pytest.mark.parametrize(("config", "limit"), [({}, "244.1 MiB"), ({"memory_limit": "1GB"}, "953.6 MiB")])
def test_a_writer_has_a_limit_of_memory_unless_one_is_configured(
    tmp_path: Path, config: dict[str, str], limit: str
) -> None:
    database = tmp_path / "sales.duckdb"
    with open_database(database, read_only=False, caller="a test", config=config) as connection:
        [(found,)] = connection.execute("select current_setting('memory_limit')").fetchall()
    assert found == limit
