"""Rows that were read earlier never replace rows that were read later, whichever run writes last."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from logging import WARNING
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from sales_assets.catalog.names import KEPT_NEWER_ROWS
from sales_assets.warehouse.readings import Reading, leave_out
from sales_assets.warehouse.slices import Slice, Windows
from sales_assets_tests.support.warehouses import (
    D14,
    D15,
    D16,
    T,
    WarehouseUnderTest,
    fake_snowflake,
    metadata_by_partition,
    rows,
    table,
    temporary_duckdb,
)

ENGINES = {"duckdb": temporary_duckdb, "fakesnow": fake_snowflake}


@pytest.fixture(params=["duckdb", pytest.param("fakesnow", marks=pytest.mark.slow)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WarehouseUnderTest]:
    with ENGINES[request.param](tmp_path) as warehouse:
        yield warehouse


def store(warehouse: WarehouseUnderTest, hour: int, *days: str) -> dg.ExecuteInProcessResult:
    """Store a row for each day, as a run does that read its rows at an hour; the row's `n` is the hour."""
    read_at = datetime(2025, 2, 1, hour, 0, 0, 123457, tzinfo=UTC)
    asset = table(pd.concat([rows(hour, day=day, n=hour) for day in days]), T, read_at=read_at)
    return warehouse.materialize(asset, keys=(days[0], days[-1]))


def hours(warehouse: WarehouseUnderTest) -> list[int]:
    """When the stored row of each day was read."""
    return warehouse.column("select n from raw.t order by cast(t.at as date)")


@pytest.mark.slow
def test_a_day_keeps_rows_that_were_read_after_those_of_the_run(warehouse: WarehouseUnderTest) -> None:
    days = (D14, D15, D16)
    warehouse.store(pd.concat([rows(0, day=day, n=0) for day in days]), T, keys=(D14, D16))
    assert KEPT_NEWER_ROWS not in str(store(warehouse, 12, D15).all_events)
    assert hours(warehouse) == [0, 12, 0]

    slow = store(warehouse, 11, *days)
    [told] = [log.user_message for log in warehouse.instance.all_logs(slow.run_id) if log.level == WARNING]
    assert told.startswith("t for 2025-01-15 was read again by another run after this run had read it")
    reported = metadata_by_partition(slow)
    assert hours(warehouse) == [11, 12, 11]
    assert KEPT_NEWER_ROWS not in reported[D14]
    assert (
        "read at 2025-02-01 12:00:00 UTC, after this run's, at 2025-02-01 11:00:00"
        in (reported[D15][KEPT_NEWER_ROWS])
    )
    assert reported[D15]["read_at"] - reported[D14]["read_at"] == 3600

    store(warehouse, 10, D15)
    assert hours(warehouse) == [11, 12, 11]
    store(warehouse, 13, *days)
    assert hours(warehouse) == [13, 13, 13]
    remembered = "select count(*) from raw.sales_readings where start_at < end_at"
    assert warehouse.column(remembered) == [1]


@pytest.mark.parametrize(
    ("newer", "left"),
    [
        ([], [(1, 9)]),
        ([(1, 9)], []),
        ([(0, 3), (8, 11)], [(3, 8)]),
        ([(3, 4), (6, 7)], [(1, 3), (4, 6), (7, 9)]),
        ([(3, 7), (5, 8)], [(1, 3), (8, 9)]),
        ([(9, 11)], [(1, 9)]),
    ],
)
@pytest.mark.parametrize("type_", ["DATE", "TIMESTAMP"])
def test_the_days_of_newer_readings_are_left_out(
    newer: list[tuple[int, int]], left: list[tuple[int, int]], type_: str
) -> None:
    def bound(day: int) -> date:
        return date(2025, 1, 10 + day) if type_ == "DATE" else datetime(2025, 1, 10 + day)  # noqa: DTZ001

    def slice_of(windows: list[tuple[int, int]]) -> Slice:
        bounds = tuple((bound(start), bound(end)) for start, end in windows)
        return Slice("raw", "t", (Windows("at", type_, bounds),))

    read_at = datetime(2025, 2, 1)  # noqa: DTZ001
    readings = [
        Reading(datetime(2025, 1, 10 + start), datetime(2025, 1, 10 + end), read_at)  # noqa: DTZ001
        for start, end in newer
    ]
    assert leave_out(slice_of([(1, 9)]), readings) == slice_of(left)
