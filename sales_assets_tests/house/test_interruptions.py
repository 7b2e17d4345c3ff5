"""A signal ends a query at once, wherever it computes, and is not taken for a failure."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest
from snowflake.connector._utils import _TrackedQueryCancellationTimer

from sales_assets.dbt import runner
from sales_assets.dbt.project import build_dbt_resource, prepare_project
from sales_assets.private_apis import interruptions
from sales_assets.private_apis.dagster_snowflake import SnowflakeResource
from sales_assets.warehouse.duckdb_file import open_database
from sales_assets.warehouse.file_lock import lock_database
from sales_assets.warehouse.snowflake import SnowflakeEngine
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.erp import Erp

ENDLESS = "select sum(a.range * b.range) from range(10000000) as a, range(10000000) as b"


@contextmanager
def signals_that_dagster_only_notes(
    ending: signal.Signals, begin: threading.Event | None = None
) -> Iterator[None]:
    """Send a signal again and again, which raises nothing in Python, until the block ends."""
    before = signal.signal(ending, lambda *_: None)
    is_over = threading.Event()

    def send() -> None:
        if begin:
            begin.wait()
        while not is_over.wait(0.05):
            os.kill(os.getpid(), ending)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        is_over.set()
        sender.join()
        signal.signal(ending, before)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_query_of_the_warehouse_is_cancelled(tmp_path: Path, ending: signal.Signals) -> None:
    file = tmp_path / "sales.duckdb"
    with (
        signals_that_dagster_only_notes(ending),
        pytest.raises(KeyboardInterrupt),
        open_database(file, read_only=False, caller="test") as connection,
    ):
        connection.execute(ENDLESS).fetchone()
    with open_database(file, read_only=True, caller="test") as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_query_of_the_erp_is_cancelled(erp: Erp, ending: signal.Signals) -> None:
    with signals_that_dagster_only_notes(ending), pytest.raises(KeyboardInterrupt):
        erp.resource.execute_query("select pg_sleep(600)")
    running = (
        "select count(*) as n from pg_stat_activity where query like '%pg_sleep(600)' and state = 'active'"
    )
    assert erp.resource.execute_query(running)["n"].tolist() == [0]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_what_is_done_on_snowflake_ends_and_no_timer_holds_the_process(ending: signal.Signals) -> None:
    engine = SnowflakeEngine({"account": "a", "user": "u", "password": "p"})
    here, there = socket.socketpair()
    here.settimeout(60)  # so that a signal that is only noted fails the test
    with (
        closing(here),
        closing(there),
        patch.object(SnowflakeResource, "get_connection", lambda _: nullcontext(Mock())),
        signals_that_dagster_only_notes(ending),
        pytest.raises(KeyboardInterrupt),
        engine.connect("test"),
    ):
        here.recv(1)
    timer: Any = _TrackedQueryCancellationTimer
    assert timer(600, pytest.fail).daemon


@pytest.mark.slow  # runs dbt
def test_a_query_of_dbt_is_cancelled_and_the_lock_is_free(tmp_path: Path) -> None:
    settings = settings_with(duckdb_path=tmp_path / "sales.duckdb")
    is_computing = threading.Event()
    receive = runner._DbtThread._receive

    def watch(thread: Any, event: Any) -> None:
        if event.info.name == "SQLQuery" and ENDLESS in event.info.msg:
            is_computing.set()
        receive(thread, event)

    with (
        patch.object(runner, "HEARD", runner.HEARD | {"SQLQuery"}),
        patch.object(runner._DbtThread, "_receive", watch),
        signals_that_dagster_only_notes(signal.SIGINT, is_computing),
        pytest.raises(KeyboardInterrupt),
    ):
        list(
            build_dbt_resource(settings).run(["show", "--inline", ENDLESS], prepare_project(settings), "test")
        )
    assert "dbt" not in {thread.name for thread in threading.enumerate()}
    with lock_database(settings.duckdb_path, exclusive=True, caller="test", timeout_seconds=0):
        pass


def test_an_error_without_a_signal_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="wrong"), interruptions.pass_on_interruptions(pytest.fail):
        raise ValueError("wrong")


def test_listening_ends_with_the_last_work_and_in_other_threads_there_is_none() -> None:
    listener, former = interruptions._LISTENER, signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(former)
    with interruptions.pass_on_interruptions(pytest.fail) as outer:
        with interruptions.pass_on_interruptions(pytest.fail):
            pass
        assert listener._works == [outer]
        other = threading.Thread(target=lambda: listener.add(interruptions.Work(pytest.fail)))
        other.start()
        other.join()
        assert listener._works == [outer]
    assert listener._pipe is None
    assert "signals" not in {thread.name for thread in threading.enumerate()}
    assert signal.set_wakeup_fd(former) == former
