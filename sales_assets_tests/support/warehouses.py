"""The engines of the contract suite, each as an empty warehouse for one test."""

import atexit
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import fakesnow.cursor
import pandas as pd
import pytest
import snowflake.connector
from fakesnow.fakes import write_pandas
from fakesnow.instance import FakeSnow
from snowflake.connector import pandas_tools

from sales_assets.catalog.contracts import optional, required, storage_metadata
from sales_assets.catalog.names import READ_AT, REJECTED_TABLE, SKIPPED_PARTITIONS
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.settings import SnowflakeSecret
from sales_assets.transforms.frames import FrameWithRejected
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
from sales_assets.warehouse.partition_groups import GroupedPartitions
from sales_assets.warehouse.snowflake import SnowflakeWarehouse, SnowflakeWarehouseIOManager

DAILY = dg.DailyPartitionsDefinition("2025-01-01")
ROME = dg.DailyPartitionsDefinition("2025-01-01", timezone="Europe/Rome")

T = dg.TableSchema(
    columns=[
        required("id", "BIGINT", ""),
        optional("n", "INTEGER", ""),
        required("amount", "DECIMAL(18,4)", ""),
        optional("name", "VARCHAR", ""),
        required("at", "TIMESTAMP", ""),
    ]
)
_NUMBERS = count()

D14, D15, D16 = "2025-01-14", "2025-01-15", "2025-01-16"


class WarehouseUnderTest:
    """One engine: its IO manager, and its resource `warehouse` to read what was stored."""

    def __init__(self, io_manager: Any, reader: Any):
        self.io_manager = io_manager
        self.reader = reader
        self.instance = dg.DagsterInstance.ephemeral()

    def with_origin(self, origin: dict[str, str]) -> "WarehouseUnderTest":
        """Return the same warehouse, with what it is to be made with."""
        config = self.io_manager.model_dump(by_alias=True, exclude_none=True, exclude={"origin"})
        return WarehouseUnderTest(type(self.io_manager)(**config, origin=origin), self.reader)

    def query(self, sql: str) -> pd.DataFrame:
        """Return the rows of a query that both engines understand."""
        frame: pd.DataFrame = self.reader.query(sql)
        return frame

    def column(self, sql: str) -> list[Any]:
        """Return the values of a query's only column."""
        return self.query(sql).iloc[:, 0].tolist()

    def materialize(
        self, *assets: Any, key: str | None = None, keys: tuple[str, str] | None = None, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Materialize assets: unpartitioned, for one partition key, or for a range of them."""
        if keys:
            options["tags"] = range_tags(*keys)
        return dg.materialize(
            list(assets),
            resources={"io_manager": self.io_manager},
            partition_key=key,
            instance=self.instance,
            **options,
        )

    def store(
        self, frame: pd.DataFrame, contract: dg.TableSchema, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Store a frame as partitions of `raw.t`, whose partition column is `at`."""
        return self.materialize(table(frame, contract), **options)

    def store_groups(
        self, make: Callable[[], GroupedPartitions], *readers: dg.AssetsDefinition, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Store groups of partitions of `raw.t`, and run assets that read it."""
        return self.materialize(table(make, T, reported={"of": "the run"}), *readers, **options)


def rows(*ids: int, day: str = D15, **columns: Any) -> pd.DataFrame:
    """Rows of `T` at noon of a day."""
    frame = pd.DataFrame(
        {"id": list(ids), "n": 1, "amount": 1.5, "name": "x", "at": pd.Timestamp(f"{day} 12:00")}
    )
    return frame.assign(**columns)


def with_rejected(
    frame: pd.DataFrame, *rejected: int, day: str = D15, read_at: datetime | None = None
) -> dg.AssetsDefinition:
    """An asset that stores a frame in `raw.t`, and rejected rows in `raw.rejected_t`."""
    lost = pd.DataFrame(
        {
            "order_date": pd.Timestamp(f"{day} 12:00"),
            "order_id": list(rejected),
            "rule": "negative_amount",
            "total_amount": -1.5,
            "detail": "{}",
            "run_id": "r",
        }
    )
    given = FrameWithRejected.of(frame, lost) if rejected else frame
    return table(given, T, rejected="rejected_t", read_at=read_at)


def ids(warehouse: WarehouseUnderTest, where: str = "1 = 1") -> list[int]:
    """The ids that are stored in `raw.t`."""
    return warehouse.column(f"select id from raw.t where {where} order by id")


def table(
    frame: pd.DataFrame | Callable[[], Any],
    contract: dg.TableSchema | None,
    *,
    partitions: dg.PartitionsDefinition[str] | None = DAILY,
    column: str = "at",
    name: str = "t",
    skipped: Sequence[str] = (),
    rejected: str | None = None,
    read_at: datetime | None = None,
    reported: Mapping[str, Any] | None = None,
) -> dg.AssetsDefinition:
    """An asset that returns a frame, or the result of a function: a frame, or an iterator of frames."""
    metadata = (
        storage_metadata("raw", contract, column) if contract else {"schema": "raw", "partition_expr": column}
    )

    if rejected:
        metadata = {**metadata, REJECTED_TABLE: rejected}

    @dg.asset(
        name=name,
        partitions_def=partitions,
        metadata=metadata,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def asset() -> Iterator[dg.Output[Any]]:
        rows = frame() if callable(frame) else frame
        metadata: dict[str, Any] = dict(reported or {})
        if skipped:
            metadata[SKIPPED_PARTITIONS] = list(skipped)
        if read_at:
            metadata[READ_AT] = dg.MetadataValue.timestamp(read_at)
        yield dg.Output(rows, metadata=metadata)

    return asset


def metadata_by_partition(result: dg.ExecuteInProcessResult) -> dict[str | None, dict[str, Any]]:
    """The metadata of each materialization of the asset `t`, by partition."""
    materializations = result.asset_materializations_for_node("t")
    reported = {
        materialization.partition: {name: value.value for name, value in materialization.metadata.items()}
        for materialization in materializations
    }
    assert len(reported) == len(materializations), "a partition was materialized twice"
    return reported


def row_counts(result: dg.ExecuteInProcessResult) -> dict[str | None, Any]:
    """The reported number of rows of each partition of the asset `t`."""
    reported = metadata_by_partition(result)
    return {partition: values["dagster/partition_row_count"] for partition, values in reported.items()}


@contextmanager
def temporary_duckdb(folder: Path) -> Iterator[WarehouseUnderTest]:
    """DuckDB, in a file."""
    database = str(folder / "sales.duckdb")
    yield WarehouseUnderTest(DuckDBWarehouseIOManager(database=database), DuckDBWarehouse(database=database))


@contextmanager
def fake_snowflake(folder: Path) -> Iterator[WarehouseUnderTest]:
    """A new database of Snowflake's emulator, which lacks two methods of the connector that read Arrow."""

    def fetch_arrow_all(cursor: Any, **_: Any) -> Any:
        return cursor._arrow_table

    def fetch_arrow_batches(cursor: Any, **_: Any) -> Iterator[Any]:
        table = cursor._arrow_table
        return (table.slice(start, 2) for start in range(0, table.num_rows, 2))

    cursor = fakesnow.cursor.FakeSnowflakeCursor
    with (
        patch.object(snowflake.connector, "connect", _start_emulator().connect),
        patch.object(pandas_tools, "write_pandas", write_pandas),
        patch.object(cursor, "fetch_arrow_all", fetch_arrow_all, create=True),
        patch.object(cursor, "fetch_arrow_batches", fetch_arrow_batches, create=True),
    ):
        database = f"SALES_{next(_NUMBERS)}"
        yield _connect_to_snowflake({"account": "a", "user": "u", "password": "p", "database": database})


@cache
def _start_emulator() -> FakeSnow:
    """Start the emulator in this process, which takes longer than a test."""
    atexit.register(_start_emulator.cache_clear)  # what is left at the end, DuckDB reports on stderr
    return FakeSnow()


@contextmanager
def real_snowflake(folder: Path) -> Iterator[WarehouseUnderTest]:
    """The account of `TEST_SNOWFLAKE_*`, which is never production's: its schema RAW is written."""
    names = ("account", "user", "role", "warehouse", "database")
    secret = next((secret for secret in SnowflakeSecret if f"TEST_{secret}" in os.environ), None)
    if secret is None:
        pytest.skip("TEST_SNOWFLAKE_ACCOUNT and the like name no account to write")
    config = {name: os.environ[f"TEST_SNOWFLAKE_{name.upper()}"] for name in names}
    config[secret.removeprefix("SNOWFLAKE_").lower()] = os.environ[f"TEST_{secret}"]
    warehouse = _connect_to_snowflake(config)
    warehouse.query("drop table if exists raw.t")
    yield warehouse


def _connect_to_snowflake(config: dict[str, Any]) -> WarehouseUnderTest:
    return WarehouseUnderTest(SnowflakeWarehouseIOManager(**config), SnowflakeWarehouse(**config))
