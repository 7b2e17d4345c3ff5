"""The engines that the contract suite runs on, each as a warehouse of a test's own."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import fakesnow
import fakesnow.cursor
import pandas as pd
import pytest

from sales_assets.catalog.contracts import optional, required, storage_metadata
from sales_assets.catalog.names import SKIPPED_PARTITIONS
from sales_assets.settings import SnowflakeSecret
from sales_assets.warehouse.duckdb import DuckDBWarehouse, DuckDBWarehouseIOManager
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
D14, D15, D16 = "2025-01-14", "2025-01-15", "2025-01-16"


class Warehouse:
    """One engine: an IO manager to store by, and a resource to look with."""

    def __init__(self, io_manager: Any, reader: Any):
        self.io_manager = io_manager
        self.reader = reader
        self.instance = dg.DagsterInstance.ephemeral()

    def query(self, sql: str) -> pd.DataFrame:
        """Rows, by SQL that both engines understand."""
        frame: pd.DataFrame = self.reader.query(sql)
        return frame

    def column(self, sql: str) -> list[Any]:
        """The values of the only column."""
        return self.query(sql).iloc[:, 0].tolist()

    def materialize(
        self, *assets: Any, key: str | None = None, keys: tuple[str, str] | None = None, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Run assets for nothing, one partition or a range of them."""
        if keys:
            names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
            options["tags"] = dict(zip(names, keys, strict=True))
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
        """Store a frame as the partitions of `raw.t`, whose partition column is `at`."""
        return self.materialize(table(frame, contract), **options)


def rows(*ids: int, day: str = D15, **columns: Any) -> pd.DataFrame:
    """Rows of `T` at noon of a day."""
    frame = pd.DataFrame(
        {"id": list(ids), "n": 1, "amount": 1.5, "name": "x", "at": pd.Timestamp(f"{day} 12:00")}
    )
    return frame.assign(**columns)


def ids(warehouse: Warehouse, where: str = "1 = 1") -> list[int]:
    """The ids that are stored in `raw.t`."""
    return warehouse.column(f"select id from raw.t where {where} order by id")


def table(
    frame: pd.DataFrame | Callable[[], pd.DataFrame | Iterator[pd.DataFrame]],
    contract: dg.TableSchema | None,
    *,
    partitions: dg.PartitionsDefinition[str] | None = DAILY,
    column: str = "at",
    name: str = "t",
    skipped: Sequence[str] = (),
) -> dg.AssetsDefinition:
    """An asset that returns a frame, or what a function gives: a frame, or frames one by one."""
    where = (
        storage_metadata("raw", contract, column) if contract else {"schema": "raw", "partition_expr": column}
    )

    @dg.asset(
        name=name, partitions_def=partitions, metadata=where, backfill_policy=dg.BackfillPolicy.single_run()
    )
    def asset() -> Iterator[dg.Output[Any]]:
        rows = frame() if callable(frame) else frame
        yield dg.Output(rows, metadata={SKIPPED_PARTITIONS: list(skipped)} if skipped else {})

    return asset


@contextmanager
def duckdb(folder: Path) -> Iterator[Warehouse]:
    """DuckDB, in a file."""
    database = str(folder / "sales.duckdb")
    yield Warehouse(DuckDBWarehouseIOManager(database=database), DuckDBWarehouse(database=database))


@contextmanager
def fake_snowflake(folder: Path) -> Iterator[Warehouse]:
    """Snowflake's stand-in, in process; it lacks the one method of the connector that reads Arrow."""

    def fetch_arrow_all(cursor: Any, **_: Any) -> Any:
        return cursor._arrow_table

    with (
        fakesnow.patch(),
        patch.object(fakesnow.cursor.FakeSnowflakeCursor, "fetch_arrow_all", fetch_arrow_all, create=True),
    ):
        yield _snowflake({"account": "a", "user": "u", "password": "p", "database": "SALES"})


@contextmanager
def real_snowflake(folder: Path) -> Iterator[Warehouse]:
    """The account of `TEST_SNOWFLAKE_*`, which is never production's: its schema RAW is written."""
    names = ("account", "user", "role", "warehouse", "database")
    secret = next((secret for secret in SnowflakeSecret if f"TEST_{secret}" in os.environ), None)
    if secret is None:
        pytest.skip("TEST_SNOWFLAKE_ACCOUNT and the like name no account to write")
    config = {name: os.environ[f"TEST_SNOWFLAKE_{name.upper()}"] for name in names}
    config[secret.removeprefix("SNOWFLAKE_").lower()] = os.environ[f"TEST_{secret}"]
    warehouse = _snowflake(config)
    warehouse.query("drop table if exists raw.t")
    yield warehouse


def _snowflake(config: dict[str, Any]) -> Warehouse:
    return Warehouse(SnowflakeWarehouseIOManager(**config), SnowflakeWarehouse(**config))
