"""Fault injection: the write is killed, or its connection broken, before and after its statements.

Afterwards the partition has all of its old rows or all of its new ones, and a rerun completes it.
"""

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import duckdb
import fakesnow.cursor
import pandas as pd
import pytest

from sales_assets.private_apis.dagster_snowflake import SnowflakeResource
from sales_assets.warehouse.snowflake import SnowflakeEngine
from sales_assets_tests.support.moments import AT_SOME_OR_ALL_MOMENTS
from sales_assets_tests.support.python_process import LIBRARIES, PROCESSES
from sales_assets_tests.support.warehouses import (
    D15,
    D16,
    T,
    WarehouseUnderTest,
    fake_snowflake,
    ids,
    rows,
    table,
    temporary_duckdb,
    with_rejected,
)

pytestmark = pytest.mark.slow

OLD, NEW, NEIGHBOUR = [1, 2, 3], [11, 12], [99]

# Children import nothing again: each is forked from a server that has loaded this module.
PROCESSES.set_forkserver_preload([*LIBRARIES, __name__])


def store_old_rows(warehouse: WarehouseUnderTest) -> None:
    warehouse.store(rows(*OLD), T, key=D15)
    warehouse.store(rows(*NEIGHBOUR, day=D16), T, key=D16)


def new_rows() -> dg.AssetsDefinition:
    """An asset that returns the new rows, in more than one chunk."""
    return table(lambda: (rows(id_) for id_ in NEW), T)


class MortalConnection:
    """A DuckDB connection whose process kills itself before or after one of its calls."""

    def __init__(self, connection: Any, points: Iterator[None]):
        self.connection = connection
        self.points = points

    def register(self, *arguments: Any) -> None:
        self.connection.register(*arguments)

    def interrupt(self) -> None:
        self.connection.interrupt()

    def cursor(self) -> Any:
        return self.connection.cursor()

    def execute(self, *arguments: Any) -> Any:
        next(self.points)
        result = self.connection.execute(*arguments)
        next(self.points)
        return result

    def close(self) -> None:
        next(self.points)
        self.connection.close()
        next(self.points)


def write_and_die(folder: Path, fault: int) -> None:
    """In a child: store the new rows, and die at a point of the write."""

    def points() -> Iterator[None]:
        for point in itertools.count():
            if point == fault:
                os.kill(os.getpid(), signal.SIGKILL)
            yield

    connect, counted = duckdb.connect, points()

    def mortal(*arguments: Any, **options: Any) -> MortalConnection:
        return MortalConnection(connect(*arguments, **options), counted)

    with patch.object(duckdb, "connect", mortal), temporary_duckdb(folder) as warehouse:
        warehouse.materialize(new_rows(), key=D15)
    os._exit(0)  # skips DuckDB's report of objects that the interpreter did not free


def read_ids(folder: Path) -> list[int]:
    """Return the stored ids; none where the table does not exist yet."""
    with temporary_duckdb(folder) as warehouse:
        tables = warehouse.column(
            "select count(*) as n from information_schema.tables where table_name = 't'"
        )
        return ids(warehouse) if tables == [1] else []


@AT_SOME_OR_ALL_MOMENTS
@pytest.mark.parametrize(
    ("before", "at_least"),
    [
        pytest.param(OLD + NEIGHBOUR, 14, id="a rerun"),
        pytest.param([], 18, id="a first write", marks=pytest.mark.exhaustive),
    ],
)
def test_a_process_killed_at_any_statement_leaves_all_old_rows_or_all_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: list[int], at_least: int, step: int
) -> None:
    (tmp_path / "calm").mkdir()
    with temporary_duckdb(tmp_path / "calm") as calm:
        if before:
            store_old_rows(calm)
        else:
            calm.materialize(table(rows(1), T, name="other"), key=D15)
    after = sorted(set(before) - set(OLD) | set(NEW))
    outcomes: list[bool] = []
    for fault in itertools.count(step - 1, step):
        folder = shutil.copytree(tmp_path / "calm", tmp_path / str(fault))
        child = PROCESSES.Process(target=write_and_die, args=(folder, fault))
        child.start()
        child.join()
        left = read_ids(folder)
        assert left in (before, after)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        outcomes.append(left == after)
        with temporary_duckdb(folder) as warehouse:
            warehouse.store(rows(*NEW), T, key=D15)
        assert read_ids(folder) == after
    old, new = outcomes.count(False), outcomes.count(True)
    report(capsys, f"{len(outcomes)} kills tried: {old} left the old rows, {new} the new")
    assert len(outcomes) >= at_least // step
    assert outcomes == sorted(outcomes)
    assert new > 0


def report(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        sys.stderr.write(f"{text}\n")


class BrokenConnectionError(Exception):
    """The network went away."""


@contextmanager
def break_connection(fault: int) -> Iterator[list[str]]:
    """Break the emulator's connection permanently at a point; yields the statements that were sent."""
    execute, sent, passed = fakesnow.cursor.FakeSnowflakeCursor.execute, [], 0

    def point() -> None:
        nonlocal passed
        if passed >= fault >= 0:
            raise BrokenConnectionError
        passed += 1

    def breaking(cursor: Any, command: str, *arguments: Any, **options: Any) -> Any:
        point()
        sent.append(command)
        result = execute(cursor, command, *arguments, **options)
        point()
        return result

    with patch.object(fakesnow.cursor.FakeSnowflakeCursor, "execute", breaking):
        yield sent


@AT_SOME_OR_ALL_MOMENTS
def test_a_connection_broken_at_any_statement_leaves_all_old_rows_or_all_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: int
) -> None:
    with fake_snowflake(tmp_path) as calm:
        store_old_rows(calm)
        with break_connection(-1) as sent:
            calm.materialize(new_rows(), key=D15)
    points = 2 * len(sent)
    for fault in range(step - 1, points, step):
        with fake_snowflake(tmp_path) as warehouse:
            store_old_rows(warehouse)
            with break_connection(fault), pytest.raises(BrokenConnectionError):
                warehouse.materialize(new_rows(), key=D15)
            assert ids(warehouse) in (OLD + NEIGHBOUR, NEW + NEIGHBOUR)
            warehouse.store(rows(*NEW), T, key=D15)
            assert ids(warehouse) == NEW + NEIGHBOUR
    report(capsys, f"{len(range(step - 1, points, step))} broken connections tried")
    assert points >= 16


def test_on_snowflake_no_ddl_runs_between_begin_and_commit(tmp_path: Path) -> None:
    with fake_snowflake(tmp_path) as warehouse:
        store_old_rows(warehouse)
        with break_connection(-1) as sent:
            warehouse.materialize(with_rejected(rows(*NEW), 7), key=D15)
    verbs = [statement.split()[0].lower() for statement in sent]
    assert verbs.count("begin") == verbs.count("commit") == 1
    between = verbs[verbs.index("begin") + 1 : verbs.index("commit")]
    assert between == ["delete", "insert", "delete", "insert", "select"]
    assert verbs[verbs.index("commit") + 1 :] == ["drop", "drop"]


class StoppedError(BaseException):
    """The run was stopped from outside."""


@pytest.mark.parametrize("error", [BrokenConnectionError, StoppedError])
def test_on_snowflake_a_write_that_fails_is_rolled_back_before_ddl_could_commit_it(
    tmp_path: Path, error: type[BaseException]
) -> None:
    execute = fakesnow.cursor.FakeSnowflakeCursor.execute
    sent: list[str] = []

    def failing(cursor: Any, command: str, *arguments: Any, **options: Any) -> Any:
        sent.append(command.split(maxsplit=1)[0].lower())
        if sent[-4:] == ["delete", "insert", "delete", "insert"]:
            raise error
        return execute(cursor, command, *arguments, **options)

    with fake_snowflake(tmp_path) as warehouse:
        store_old_rows(warehouse)
        with (
            patch.object(fakesnow.cursor.FakeSnowflakeCursor, "execute", failing),
            pytest.raises(error),
        ):
            warehouse.materialize(with_rejected(rows(*NEW), 7), key=D15)
        assert ids(warehouse) == OLD + NEIGHBOUR
        assert warehouse.column("select count(*) from raw.rejected_t") == [0]
    statements = ["begin", "delete", "insert", "delete", "insert", "rollback", "drop", "drop"]
    assert sent[sent.index("begin") :][:8] == statements


def test_on_snowflake_the_staging_table_is_gone_after_a_failure_too(tmp_path: Path) -> None:
    with fake_snowflake(tmp_path) as warehouse:
        store_old_rows(warehouse)
        outside = rows(11, at=pd.Timestamp(f"{D16} 12:00"))
        warehouse.store(outside, T, key=D15, raise_on_error=False)
        tables = warehouse.column(
            "select table_name from information_schema.tables where table_schema = 'RAW'"
        )
    assert [name.lower() for name in tables] == ["t"]


def test_a_write_that_fails_half_way_is_rolled_back_in_the_same_process(tmp_path: Path) -> None:
    with temporary_duckdb(tmp_path) as warehouse:
        store_old_rows(warehouse)
        with patch(
            "sales_assets.warehouse.duckdb_tables.build_replacement",
            return_value=[("delete from raw.t", []), ("x", [])],
        ):
            warehouse.store(rows(*NEW), T, key=D15, raise_on_error=False)
        assert ids(warehouse) == OLD + NEIGHBOUR


def test_on_snowflake_custom_session_parameters_are_added_to_ours() -> None:
    custom = {"session_parameters": {"STATEMENT_TIMEOUT_IN_SECONDS": 9}}
    account = {"account": "a", "user": "u", "password": "p"}
    engine = SnowflakeEngine({**account, "additional_snowflake_connection_args": custom})
    connecting = patch.object(SnowflakeResource, "get_connection", autospec=True)
    with connecting as connect, engine.connect("run 1, raw_orders"):
        pass
    parameters = connect.call_args.args[0].additional_snowflake_connection_args["session_parameters"]
    assert parameters["TIMEZONE"] == "UTC"
    assert parameters["QUERY_TAG"] == "run 1, raw_orders"
    assert parameters["STATEMENT_TIMEOUT_IN_SECONDS"] == 9
