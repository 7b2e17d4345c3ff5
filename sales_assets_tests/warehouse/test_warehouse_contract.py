"""The guarantees of the warehouse: the same cases on every engine."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from sales_assets.catalog.contracts import ADD_COLUMNS, optional, personal, required, unique
from sales_assets.errors import RefusedError
from sales_assets.transforms.spooled_rows import FrameInChunks, SpooledRows, as_frame
from sales_assets.warehouse import partition_groups
from sales_assets.warehouse.partition_groups import (
    READ_IN_GROUPS,
    GroupedPartitions,
    PartitionGroup,
    StoredPartitions,
    count_stored_rows,
)
from sales_assets_tests.support.results import failure
from sales_assets_tests.support.warehouses import (
    D14,
    D15,
    D16,
    DAILY,
    ROME,
    T,
    WarehouseUnderTest,
    fake_snowflake,
    ids,
    metadata_by_partition,
    real_snowflake,
    row_counts,
    rows,
    table,
    temporary_duckdb,
    with_rejected,
)

ENGINES = {"duckdb": temporary_duckdb, "fakesnow": fake_snowflake, "snowflake": real_snowflake}


@pytest.fixture(
    params=[
        "duckdb",
        pytest.param("fakesnow", marks=[pytest.mark.slow, pytest.mark.exhaustive]),
        pytest.param("snowflake", marks=pytest.mark.snowflake),
    ]
)
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WarehouseUnderTest]:
    with ENGINES[request.param](tmp_path) as warehouse:
        yield warehouse


def store_refused(
    warehouse: WarehouseUnderTest, frame: pd.DataFrame, contract: dg.TableSchema = T, key: str = D15
) -> str:
    """Store a frame that is refused; returns the error."""
    result = warehouse.store(frame, contract, key=key, raise_on_error=False)
    assert not result.success
    return failure(result)


# --- atomic replace ---


@pytest.mark.slow
def test_a_rerun_replaces_the_day_and_leaves_its_neighbours(warehouse: WarehouseUnderTest) -> None:
    for day, id_ in ((D14, 1), (D15, 2), (D16, 3)):
        warehouse.store(rows(id_, day=day), T, key=day)
    warehouse.store(rows(20, 21), T, key=D15)
    warehouse.store(rows(20, 21), T, key=D15)
    assert ids(warehouse) == [1, 3, 20, 21]


@pytest.mark.slow
def test_a_range_replaces_its_days_in_one_write(warehouse: WarehouseUnderTest) -> None:
    for day, id_ in (("2025-01-13", 0), (D14, 1), (D16, 3)):
        warehouse.store(rows(id_, day=day), T, key=day)
    warehouse.store(pd.concat([rows(10, day=D14), rows(11), rows(12)]), T, keys=(D14, D16))
    assert ids(warehouse) == [0, 10, 11, 12]


@pytest.mark.slow
def test_groups_of_days_are_stored_one_by_one_and_read_back_one_by_one(warehouse: WarehouseUnderTest) -> None:
    warehouse.store(pd.concat([rows(1, day=D14), rows(2), rows(3, day=D16)]), T, keys=(D14, D16))
    read: list[list[int]] = []

    def make_groups(*, fail: bool = False) -> GroupedPartitions:
        def make() -> Iterator[PartitionGroup]:
            yield PartitionGroup([D14], rows(10, day=D14), {"part": "first"})
            assert ids(warehouse) == [2, 3, 10]
            if fail:
                raise RefusedError("no more")
            yield PartitionGroup([D15, D16], pd.concat([rows(11), rows(12, 13, day=D16)]), {"part": "second"})

        return GroupedPartitions(make(), total=3)

    warehouse.instance.wipe_assets([dg.AssetKey("t")])
    warehouse.store_groups(lambda: make_groups(fail=True), keys=(D14, D16), raise_on_error=False)
    assert warehouse.instance.get_materialized_partitions(dg.AssetKey("t")) == {D14}
    assert ids(warehouse) == [2, 3, 10]

    @dg.asset(
        partitions_def=DAILY,
        backfill_policy=dg.BackfillPolicy.single_run(),
        ins={"t": dg.AssetIn(metadata={READ_IN_GROUPS: True, "columns": ["id"]}, dagster_type=dg.Any)},
    )
    def reader(t: StoredPartitions) -> None:
        assert count_stored_rows(t) == {D14: 1, D15: 1, D16: 2}
        read.extend(sorted(as_frame(t.read(keys))["id"]) for keys in ([D14], [D15, D16]))

    stored = warehouse.store_groups(make_groups, reader, keys=(D14, D16))
    assert row_counts(stored) == {D14: 1, D15: 1, D16: 2}
    parts = {day: each["part"] for day, each in metadata_by_partition(stored).items()}
    assert parts == {D14: "first", D15: "second", D16: "second"}
    assert read == [[10], [11, 12, 13]]


@pytest.mark.slow
def test_a_day_that_is_larger_than_memory_is_stored_and_read_back_in_chunks(
    warehouse: WarehouseUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[int]] = []

    @dg.asset(
        partitions_def=DAILY,
        ins={"t": dg.AssetIn(metadata={READ_IN_GROUPS: True}, dagster_type=dg.Any)},
    )
    def reader(t: pd.DataFrame | SpooledRows) -> None:
        read.append(sorted(as_frame(t)["id"]))
        assert isinstance(t, SpooledRows) == (len(read[-1]) > 2)

    monkeypatch.setattr(partition_groups, "LARGEST_DAY_IN_MEMORY", 2)
    for numbers in ([1, 2], [1, 2, 3], []):
        parts = [rows(number) for number in numbers] or [rows()]
        asset = table(partial(FrameInChunks, iter(parts), len(numbers)), T)
        result = warehouse.materialize(asset, reader, key=D15)
        assert row_counts(result) == {D15: len(numbers)}
    assert read == [[1, 2], [1, 2, 3], []]


def test_a_value_that_is_repeated_in_another_chunk_is_refused_before_the_commit(
    warehouse: WarehouseUnderTest,
) -> None:
    contract = dg.TableSchema(columns=[unique("id", "BIGINT", ""), *T.columns[1:]])
    warehouse.store(rows(7, 9, day=D14), contract, key=D14)
    warehouse.store(rows(1), contract, key=D15)
    for parts in ([rows(7, 8), rows(9)], [rows(3, 4), rows(5, 4), rows(3)]):
        asset = table(partial(FrameInChunks, iter(parts), 3), contract)
        result = warehouse.materialize(asset, key=D15, raise_on_error=False)
    assert "2 value(s) of id occur more than once in the rows for raw.t, the first is 3" in failure(result)
    assert ids(warehouse) == [7, 7, 8, 9, 9]


def test_a_day_that_is_skipped_in_a_range_keeps_its_rows_and_is_not_materialized(
    warehouse: WarehouseUnderTest,
) -> None:
    for day, id_ in ((D14, 1), (D15, 2), (D16, 3)):
        warehouse.store(rows(id_, day=day), T, key=day)
    asset = table(pd.concat([rows(10, day=D14), rows(30, day=D16)]), T, skipped=[D15])
    result = warehouse.materialize(asset, keys=(D14, D16))
    assert ids(warehouse) == [2, 10, 30]
    assert list(metadata_by_partition(result)) == [D14, D16]


def test_an_unpartitioned_table_is_replaced_whole(warehouse: WarehouseUnderTest) -> None:
    for frame in (rows(1, 2), rows(3)):
        warehouse.materialize(table(frame, T, partitions=None))
    assert ids(warehouse) == [3]


def rejected_ids(warehouse: WarehouseUnderTest) -> list[int]:
    return warehouse.column("select order_id from raw.rejected_t order by order_id")


@pytest.mark.slow
def test_rejected_rows_are_replaced_with_their_day_and_go_when_there_are_none(
    warehouse: WarehouseUnderTest,
) -> None:
    warehouse.materialize(with_rejected(rows(1)), key=D15)
    tables = warehouse.column(
        "select count(*) from information_schema.tables where table_name ilike 'rejected_t'"
    )
    assert tables == [0]
    warehouse.materialize(with_rejected(rows(4, day=D14), 40, day=D14), key=D14)
    for _ in range(2):
        warehouse.materialize(with_rejected(rows(1), 2, 3), key=D15)
    assert (ids(warehouse), rejected_ids(warehouse)) == ([1, 4], [2, 3, 40])
    warehouse.materialize(with_rejected(rows(1, 2, 3)), key=D15)
    assert (ids(warehouse), rejected_ids(warehouse)) == ([1, 2, 3, 4], [40])


def test_rejected_rows_stay_with_their_day_if_it_was_read_later(warehouse: WarehouseUnderTest) -> None:
    early, late = (datetime(2025, 1, 20, hour, tzinfo=UTC) for hour in (1, 2))
    warehouse.materialize(with_rejected(rows(1, 2), 3, read_at=late), key=D15)
    warehouse.materialize(with_rejected(rows(1), 2, 3, read_at=early), key=D15)
    assert (ids(warehouse), rejected_ids(warehouse)) == ([1, 2], [3])
    warehouse.materialize(with_rejected(rows(1, 2, 3), read_at=early), key=D15)
    assert (ids(warehouse), rejected_ids(warehouse)) == ([1, 2], [3])


def test_if_rejected_rows_cannot_be_stored_their_day_is_not_stored_either(
    warehouse: WarehouseUnderTest,
) -> None:
    warehouse.materialize(with_rejected(rows(1, 2), 3), key=D15)
    outside = warehouse.materialize(with_rejected(rows(1), 9, day=D16), key=D15, raise_on_error=False)
    assert "raw.rejected_t lie outside the run's partitions" in failure(outside)
    assert (ids(warehouse), rejected_ids(warehouse)) == ([1, 2], [3])


# --- chunk by chunk ---


def broken_after(*frames: pd.DataFrame, error: Exception) -> Iterator[pd.DataFrame]:
    yield from frames
    raise error


def test_frames_that_come_one_by_one_replace_the_day_together(warehouse: WarehouseUnderTest) -> None:
    warehouse.store(rows(1, 2), T, key=D15)
    warehouse.store(rows(3, day=D16), T, key=D16)
    for _ in range(2):
        chunks = table(lambda: iter([rows(10, 11), rows(), rows(12)]), T)
        result = warehouse.materialize(chunks, key=D15)
    assert ids(warehouse) == [3, 10, 11, 12]
    assert row_counts(result) == {D15: 3}
    assert metadata_by_partition(result)[D15]["dagster/row_count"] == 4, "the whole table's"
    assert metadata_by_partition(result)[D15]["bytes"] > 0


def test_frames_that_come_one_by_one_are_counted_by_their_days(warehouse: WarehouseUnderTest) -> None:
    chunks = table(lambda: iter([rows(1, 2, day=D14), pd.concat([rows(3, day=D14), rows(4)])]), T)
    result = warehouse.materialize(chunks, keys=(D14, D16))
    assert row_counts(result) == {D14: 3, D15: 1, D16: 0}


def test_a_row_at_a_days_first_instant_is_counted_in_that_day(warehouse: WarehouseUnderTest) -> None:
    frame = pd.concat([rows(1, at=pd.Timestamp(day)) for day in (D14, D15, D15, D16)])
    result = warehouse.store(frame, T, keys=(D14, D16))
    assert row_counts(result) == {D14: 1, D15: 2, D16: 1}


def test_an_iterator_without_frames_empties_the_day(warehouse: WarehouseUnderTest) -> None:
    for day, frames in ((D15, [rows(1)]), (D16, [rows(2, day=D16)]), (D15, [])):
        warehouse.materialize(table(partial(iter, frames), T), key=day)
    assert ids(warehouse) == [2]


BROKEN_CHUNKS = {
    "half way": lambda: broken_after(rows(8), rows(9), error=OSError("the file ended early")),
    "at once": lambda: broken_after(error=OSError("the file cannot be opened")),
    "a value that does not fit": lambda: iter([rows(8), rows(9, amount=2.00005)]),
    "another day's row": lambda: iter([rows(8), rows(9, day=D16)]),
    "not a frame": lambda: iter([rows(8), "a line"]),
}


@pytest.mark.slow
def test_a_chunk_that_fails_leaves_all_old_rows(warehouse: WarehouseUnderTest) -> None:
    warehouse.store(rows(1, 2), T, key=D15)
    for broken, chunks in BROKEN_CHUNKS.items():
        result = warehouse.materialize(table(chunks, T), key=D15, raise_on_error=False)
        assert not result.success, broken
        assert not result.asset_materializations_for_node("t")
        assert ids(warehouse) == [1, 2], broken
    warehouse.store(rows(3), T, key=D15)
    assert ids(warehouse) == [3]


def test_frames_that_come_one_by_one_need_declared_columns(warehouse: WarehouseUnderTest) -> None:
    result = warehouse.materialize(table(lambda: iter([rows(1)]), None), key=D15, raise_on_error=False)
    assert "declares no columns" in failure(result)


# --- typed by contract ---


def test_a_table_has_the_contracts_types_and_not_those_of_the_first_frame(
    warehouse: WarehouseUnderTest,
) -> None:
    warehouse.store(rows(1, amount=[1], n=[None], name=[None]), T, key=D15)
    warehouse.store(rows(2, day=D16, amount=[1.2345], n=[7], name=["text"]), T, key=D16)
    assert warehouse.column("select amount from raw.t order by id") == [1, 1.2345]
    assert warehouse.query("select n from raw.t order by id")["n"].isna().tolist() == [True, False]


def test_a_frame_comes_back_in_the_contracts_pandas_types(warehouse: WarehouseUnderTest) -> None:
    seen: list[pd.DataFrame] = []

    @dg.asset(partitions_def=DAILY)
    def reader(t: pd.DataFrame) -> None:
        seen.append(t)

    at = pd.Timestamp(f"{D15} 12:00:00.123456", tz="UTC")
    frame = rows(2**53 + 1, 2, n=pd.array([1, None], dtype="Int32"), amount=[0.1, 99999999999.9999], at=at)
    warehouse.materialize(table(frame, T), reader, key=D15)
    [read] = seen
    read = read.sort_values("id", ignore_index=True)
    assert {name: str(dtype) for name, dtype in read.dtypes.items()} == {
        "id": "Int64",
        "n": "Int32",
        "amount": "float64",
        "name": "str",
        "at": "datetime64[us, UTC]",
    }
    assert read["id"].tolist() == [2, 2**53 + 1]
    assert read["amount"].tolist() == [99999999999.9999, 0.1]
    assert read["at"].tolist() == [at, at]


MISFITS = [
    ("id", 1.5, "raw.t.id is BIGINT, but row 1 has 1.5"),
    ("id", "12", "raw.t.id is BIGINT, but row 1 has '12'"),
    ("id", 2**63, "raw.t.id is BIGINT, but row 1 has 9223372036854775808"),
    ("id", None, "raw.t.id must not be null, but 1 of 2 rows are"),
    ("n", 2**31, "raw.t.n is INTEGER, but row 1 has 2147483648"),
    ("n", True, "raw.t.n is INTEGER, but row 1 has True"),
    ("amount", 1e14, "raw.t.amount is DECIMAL(18,4), but row 1 has 100000000000000.0"),
    ("amount", float("inf"), "raw.t.amount is DECIMAL(18,4), but row 1 has inf"),
    ("amount", float("nan"), "raw.t.amount must not be null"),
    ("amount", 2.00005, "raw.t.amount is DECIMAL(18,4), but row 1 has 2.00005"),
    ("amount", Decimal("0.00001"), "raw.t.amount is DECIMAL(18,4), but row 1 has Decimal('0.00001')"),
    ("name", 5, "raw.t.name is VARCHAR, but row 1 has 5"),
    ("at", "2025-01-15", "raw.t.at is TIMESTAMP, but row 1 has '2025-01-15'"),
    ("at", pd.Timestamp("2025-01-15 12:00:00.123456789"), "raw.t.at is TIMESTAMP, but row 1 has"),
]


@pytest.mark.slow
def test_a_value_that_does_not_fit_is_refused_by_table_column_and_value(
    warehouse: WarehouseUnderTest,
) -> None:
    warehouse.store(rows(1, 2), T, key=D15)
    frame = rows(8, 9)
    for column, value, shown in MISFITS:
        values = pd.Series([frame[column].tolist()[0], value], dtype=object)
        message = store_refused(warehouse, frame.assign(**{column: values}))
        assert shown in message
        assert "No stored data was changed." in message
    assert ids(warehouse) == [1, 2]


def test_personal_data_that_does_not_fit_is_not_shown(warehouse: WarehouseUnderTest) -> None:
    contract = dg.TableSchema(columns=[*T.columns, personal("email", "")])
    message = store_refused(warehouse, rows(1).assign(email=[4711]), contract)
    assert "raw.t.email is VARCHAR, but row 0 has [redacted]" in message


def test_a_date_column_takes_days_and_no_time_of_day(warehouse: WarehouseUnderTest) -> None:
    contract = dg.TableSchema(columns=[required("id", "BIGINT", ""), required("at", "DATE", "")])
    for day in ([date(2025, 1, 15)], [pd.Timestamp(D15)]):
        warehouse.store(pd.DataFrame({"id": [1], "at": day}), contract, key=D15)
    assert ids(warehouse) == [1]
    assert "raw.t.at is DATE" in store_refused(
        warehouse, pd.DataFrame({"id": [2], "at": [pd.Timestamp(f"{D15} 01:00")]}), contract
    )


def test_a_column_that_is_stored_with_another_type_is_refused_and_not_converted(
    warehouse: WarehouseUnderTest,
) -> None:
    warehouse.store(rows(1), T, key=D15)
    other = [required(c.name, "DOUBLE", "") if c.name == "amount" else c for c in T.columns]
    message = store_refused(warehouse, rows(2), dg.TableSchema(columns=other))
    assert "raw.t.amount is stored as DECIMAL(18,4), but its contract says" in message
    assert ids(warehouse) == [1]


# --- by name ---


def test_the_order_of_columns_does_not_matter(warehouse: WarehouseUnderTest) -> None:
    warehouse.store(rows(1), T, key=D15)
    warehouse.store(rows(2, day=D16)[["name", "at", "amount", "n", "id"]], T, key=D16)
    assert ids(warehouse) == [1, 2]
    assert warehouse.column("select name from raw.t order by id") == ["x", "x"]


def test_a_missing_and_an_unknown_column_are_refused_by_name(warehouse: WarehouseUnderTest) -> None:
    warehouse.store(rows(1), T, key=D15)
    message = store_refused(warehouse, rows(2).drop(columns="amount").assign(amuont=1.0))
    assert "The frame for raw.t lacks amount and has unknown amuont." in message
    assert ids(warehouse) == [1]


def test_a_contract_may_allow_unknown_columns(warehouse: WarehouseUnderTest) -> None:
    growing = dg.TableSchema(columns=T.columns, constraints=ADD_COLUMNS)
    warehouse.store(rows(1), growing, key=D15)
    warehouse.store(rows(2, day=D16).assign(note="new"), growing, key=D16)
    warehouse.store(rows(3, day="2025-01-17"), growing, key="2025-01-17")
    assert warehouse.column("select coalesce(note, '-') as note from raw.t order by id") == ["-", "new", "-"]


def test_a_contract_that_gains_a_column_alters_the_table_at_the_next_write(
    warehouse: WarehouseUnderTest,
) -> None:
    warehouse.store(rows(1), T, key=D15)
    wider = dg.TableSchema(columns=[*T.columns, optional("note", "VARCHAR", "")])
    warehouse.store(rows(2, day=D16).assign(note="new"), wider, key=D16)
    assert warehouse.column("select coalesce(note, '-') as note from raw.t order by id") == ["-", "new"]


def test_descriptions_of_columns_stand_in_the_warehouse(warehouse: WarehouseUnderTest) -> None:
    described = [optional(column.name, column.type, f"It's {column.name}.") for column in T.columns]
    warehouse.store(rows(1), dg.TableSchema(columns=described), key=D15)
    wider = dg.TableSchema(columns=[*described, optional("note", "VARCHAR", "Free text.")])
    warehouse.store(rows(2, day=D16).assign(note="new"), wider, key=D16)
    is_duckdb = "DuckDB" in type(warehouse.reader).__name__
    columns = "duckdb_columns()" if is_duckdb else "information_schema.columns"
    comments = warehouse.column(f"select comment from {columns} where lower(table_name) = 't'")
    assert set(comments) == {*(column.description for column in described), "Free text."}


# --- the window is checked ---


@pytest.mark.parametrize("at", [f"{D14} 23:59:59.999999", f"{D16} 00:00"])
def test_a_row_outside_the_window_is_refused_with_count_and_example(
    warehouse: WarehouseUnderTest, at: str
) -> None:
    warehouse.store(rows(1), T, key=D15)
    message = store_refused(warehouse, pd.concat([rows(2), rows(3, 4, at=pd.Timestamp(at))]))
    assert f"2 row(s) for raw.t lie outside the run's partitions, the first with at = {at[:16]}" in message
    assert ids(warehouse) == [1]


def test_a_row_without_a_partition_is_refused(warehouse: WarehouseUnderTest) -> None:
    nullable = dg.TableSchema(columns=[*T.columns[:-1], optional("at", "TIMESTAMP", "")])
    message = store_refused(warehouse, rows(1, 2, at=[pd.Timestamp(f"{D15} 12:00"), pd.NaT]), nullable)
    assert "1 row(s) for raw.t lie outside the run's partitions, the first with at = None" in message


def test_a_row_of_a_day_that_is_skipped_is_refused(warehouse: WarehouseUnderTest) -> None:
    asset = table(pd.concat([rows(1, day=D14), rows(2)]), T, skipped=[D15])
    result = warehouse.materialize(asset, keys=(D14, D16), raise_on_error=False)
    assert not result.success


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-06-15", 24)])
def test_a_business_day_in_rome_has_its_own_hours_and_is_replaced_exactly(
    warehouse: WarehouseUnderTest, day: str, hours: int
) -> None:
    start = pd.Timestamp(day, tz="Europe/Rome")
    neighbours = [
        (start - pd.Timedelta(days=1)).strftime("%Y-%m-%d"),
        (start + pd.Timedelta(days=1.2)).strftime("%Y-%m-%d"),
    ]
    before, after = start - pd.Timedelta(microseconds=1), start + pd.Timedelta(hours=hours)
    within = pd.date_range(start, after, freq="h", inclusive="left")
    for key, frame in (
        (neighbours[0], rows(1, at=before)),
        (day, rows(*range(100, 100 + hours), at=within)),
        (neighbours[1], rows(2, at=after)),
        (day, rows(50, at=start)),
    ):
        warehouse.materialize(table(frame, T, partitions=ROME), key=key)
    assert ids(warehouse) == [1, 2, 50]


def test_a_business_day_in_rome_may_be_stored_as_a_date(warehouse: WarehouseUnderTest) -> None:
    contract = dg.TableSchema(columns=[required("id", "BIGINT", ""), required("at", "DATE", "")])
    for id_, day in ((1, D14), (2, D15), (3, D16), (20, D15)):
        frame = pd.DataFrame({"id": [id_], "at": [pd.Timestamp(day)]})
        warehouse.materialize(table(frame, contract, partitions=ROME), key=day)
    assert ids(warehouse) == [1, 3, 20]


# --- empty is a state ---


def test_an_empty_first_day_makes_the_table_and_an_empty_rerun_empties_the_day(
    warehouse: WarehouseUnderTest,
) -> None:
    warehouse.store(rows(), T, key=D15)
    assert ids(warehouse) == []
    warehouse.store(rows(1), T, key=D15)
    warehouse.store(rows(2, day=D16), T, key=D16)
    warehouse.store(rows(), T, key=D15)
    assert ids(warehouse) == [2]


# --- metadata ---


def test_each_partition_reports_its_own_rows_its_query_and_its_columns(
    warehouse: WarehouseUnderTest,
) -> None:
    frame = pd.concat([rows(1, 2, day=D14), rows(3)])
    result = warehouse.store(frame, T, keys=(D14, D16))
    assert row_counts(result) == {D14: 2, D15: 1, D16: 0}
    for day, metadata in metadata_by_partition(result).items():
        assert len(warehouse.query(metadata["query"])) == metadata["dagster/partition_row_count"]
        assert f">= '{day} 00:00:00'" in metadata["query"]
        assert metadata["dagster/table_name"] == "raw.t"
        assert metadata["dagster/column_schema"] == T
        assert metadata["bytes"] > 0


@pytest.mark.parametrize("column", ["cast(id_at as timestamp)", "ID_AT"])
def test_a_partition_column_may_be_an_expression_or_in_another_case(
    warehouse: WarehouseUnderTest, column: str
) -> None:
    contract = dg.TableSchema(columns=[*T.columns[:-1], required("id_at", "TIMESTAMP", "")])
    frame = pd.concat([rows(1, 2, day=D14), rows(3)]).rename(columns={"at": "id_at"})
    for _ in range(2):
        assert warehouse.materialize(table(frame, contract, column=column), keys=(D14, D16)).success
    assert ids(warehouse) == [1, 2, 3]


# --- what Dagster's users expect of an IO manager ---


def test_an_asset_without_a_contract_is_stored_by_its_first_frames_types(
    warehouse: WarehouseUnderTest,
) -> None:
    frame = pd.DataFrame({"id": [1], "at": [pd.Timestamp(D15)], "x": [0.5], "s": ["a"], "b": [True]})
    warehouse.materialize(table(frame, None), key=D15)
    warehouse.materialize(table(frame.assign(id=2), None), key=D15)
    assert ids(warehouse) == [2]
    result = warehouse.materialize(table(frame.assign(x="text"), None), key=D15, raise_on_error=False)
    assert not result.success
    assert ids(warehouse) == [2]


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        (pd.DataFrame(), "has no columns"),
        (pd.DataFrame([[1, 2]], columns=["id", "id"]), "duplicate column names, ignoring case"),
        (pd.DataFrame([[1, 2]], columns=["id", "ID"]), "duplicate column names, ignoring case"),
    ],
)
def test_a_frame_that_no_table_can_store_is_refused(
    warehouse: WarehouseUnderTest, frame: pd.DataFrame, fault: str
) -> None:
    with pytest.raises(dg.Failure, match=fault):
        warehouse.materialize(table(frame, None, partitions=None))


def test_column_names_that_are_not_text_are_stored_as_text(warehouse: WarehouseUnderTest) -> None:
    frame = pd.DataFrame([[1, 2]])
    assert warehouse.materialize(table(frame, None, partitions=None)).success
    assert warehouse.query("select * from raw.t").to_numpy().tolist() == [[1, 2]]


def test_a_float_is_stored_as_the_decimal_it_is_nearest_to(warehouse: WarehouseUnderTest) -> None:
    warehouse.store(rows(1, amount=[0.1 + 0.2]), T, key=D15)
    assert warehouse.column("select amount from raw.t") == [0.3]


def test_an_input_may_ask_for_some_columns(warehouse: WarehouseUnderTest) -> None:
    seen: list[list[str]] = []

    @dg.asset(partitions_def=DAILY, ins={"t": dg.AssetIn(metadata={"columns": ["amount", "id"]})})
    def reader(t: pd.DataFrame) -> None:
        seen.append(list(t.columns))

    warehouse.materialize(table(rows(1), T), reader, key=D15)
    assert seen == [["amount", "id"]]


def test_an_input_reads_the_partitions_of_its_mapping_only(warehouse: WarehouseUnderTest) -> None:
    seen: list[list[int]] = []

    @dg.asset(
        partitions_def=DAILY,
        ins={"t": dg.AssetIn(partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-1))},
    )
    def reader(t: pd.DataFrame) -> None:
        seen.append(sorted(t["id"]))

    for day, id_ in ((D14, 1), (D15, 2), (D16, 3)):
        warehouse.store(rows(id_, day=day), T, key=day)
    warehouse.materialize(table(rows(), T).to_source_asset(), reader, key=D15)
    assert seen == [[1, 2]]


def test_an_input_without_partitions_still_has_its_columns_and_types(warehouse: WarehouseUnderTest) -> None:
    seen: list[dict[str, str]] = []

    @dg.asset(
        partitions_def=DAILY,
        ins={
            "t": dg.AssetIn(
                metadata={"columns": ["at", "id"]},
                partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1),
            )
        },
    )
    def reader(t: pd.DataFrame) -> None:
        seen.append({str(name): str(dtype) for name, dtype in t.dtypes.items()})

    source = table(rows(), T).to_source_asset()
    assert warehouse.materialize(source, reader, key=DAILY.get_first_partition_key()).success
    assert seen == [{"at": "datetime64[us, UTC]", "id": "Int64"}]


def test_static_partitions_are_replaced_by_key_whatever_the_key_contains(
    warehouse: WarehouseUnderTest,
) -> None:
    strange = "O'Brien\"; drop table raw.t; -- \\ % ? é"
    partitions = dg.StaticPartitionsDefinition(["plain", strange])
    contract = dg.TableSchema(columns=[required("id", "BIGINT", ""), required("region", "VARCHAR", "")])
    for id_, key in ((1, "plain"), (2, strange), (3, strange)):
        frame = pd.DataFrame({"id": [id_], "region": [key]})
        warehouse.materialize(table(frame, contract, partitions=partitions, column="region"), key=key)
    assert ids(warehouse) == [1, 3]


def test_multi_partitions_are_replaced_by_all_their_dimensions(warehouse: WarehouseUnderTest) -> None:
    partitions = dg.MultiPartitionsDefinition(
        {"day": DAILY, "region": dg.StaticPartitionsDefinition(["eu", "us"])}
    )
    contract = dg.TableSchema(columns=[*T.columns, required("region", "VARCHAR", "")])
    column: Any = {"day": "at", "region": "region"}
    for id_, region in ((1, "eu"), (2, "us"), (3, "us")):
        asset = table(rows(id_).assign(region=region), contract, partitions=partitions, column=column)
        result = warehouse.materialize(asset, key=dg.MultiPartitionKey({"day": D15, "region": region}))
    assert list(row_counts(result).values()) == [1]
    assert ids(warehouse) == [1, 3]


def test_a_range_of_multi_partitions_replaces_and_counts_each_and_leaves_the_others(
    warehouse: WarehouseUnderTest,
) -> None:
    regions = dg.StaticPartitionsDefinition(["eu", "us"])
    partitions = dg.MultiPartitionsDefinition({"day": DAILY, "region": regions})
    contract = dg.TableSchema(columns=[*T.columns, required("region", "VARCHAR", "")])
    column: Any = {"day": "at", "region": "region"}
    for id_, region in ((1, "eu"), (2, "us"), (3, "us")):
        frame = pd.concat([rows(id_, day=D14), rows(10 * id_, 10 * id_ + 1)]).assign(region=region)
        asset = table(frame, contract, partitions=partitions, column=column)
        result = warehouse.materialize(asset, keys=(f"{D14}|{region}", f"{D15}|{region}"))
    assert ids(warehouse) == [1, 3, 10, 11, 30, 31]
    assert row_counts(result) == {f"{D14}|us": 1, f"{D15}|us": 2}


def test_an_asset_that_returns_nothing_is_not_stored(warehouse: WarehouseUnderTest) -> None:
    @dg.asset
    def nothing() -> None:
        return None

    assert warehouse.materialize(nothing).success


def test_a_value_that_is_not_a_frame_is_refused(warehouse: WarehouseUnderTest) -> None:
    @dg.asset
    def number() -> int:
        return 5

    result = warehouse.materialize(number, raise_on_error=False)
    assert not result.success


def test_an_input_whose_table_was_never_written_says_what_to_do(warehouse: WarehouseUnderTest) -> None:
    @dg.asset(partitions_def=DAILY)
    def reader(t: pd.DataFrame) -> None:
        """Reads a table that does not exist."""

    with pytest.raises(dg.Failure, match="Materialize"):
        warehouse.materialize(table(rows(), T).to_source_asset(), reader, key=D15)


def test_a_misfit_of_a_million_letters_is_shown_in_part(warehouse: WarehouseUnderTest) -> None:
    error = store_refused(warehouse, rows(1, amount="x" * 1_000_000))
    assert "xxx… (cut, 1000002 characters), which does not fit" in error
    assert len(error) < 2_000
