"""A run with a process for each step: what still loads is ended with the run, what works is asked to end."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

import dagster as dg
import pytest
from dagster._core.errors import DagsterSubprocessError
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.multiprocess import MultiprocessExecutor
from dagster_shared.error import SerializableErrorInfo

from sales_assets.private_apis import multiprocess
from sales_assets.private_apis.multiprocess import build_multiprocess_executor


def build_executor() -> Any:
    config: dict[str, Any] = {
        "max_concurrent": None,
        "retries": {"enabled": {}},
        "tag_concurrency_limits": [],
    }
    create = build_multiprocess_executor().executor_creation_fn
    assert create is not None
    return create(Mock(executor_config=config))


@pytest.fixture
def processes() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Three that would never end: two steps of a run, of which the first has begun, and another program."""
    command = [sys.executable, "-S", "-c", "input()"]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(3)]
    yield started
    for process in started:
        process.kill()
        process.communicate()


def said(text: str, kind: dg.DagsterEventType = dg.DagsterEventType.ENGINE_EVENT, pid: int = 0) -> Any:
    return SimpleNamespace(event_type=kind, pid=pid, message=text)


def as_child(process: "subprocess.Popen[bytes]") -> Any:
    return SimpleNamespace(pid=process.pid, join=process.wait)


def test_only_steps_that_still_load_are_ended_and_the_run_counts_as_interrupted(
    processes: list["subprocess.Popen[bytes]"],
) -> None:
    working, loading, other = processes
    crashed = SerializableErrorInfo("", [], "ChildProcessCrashException")

    def execute(*_: Any) -> Iterator[Any]:
        yield said("", dg.DagsterEventType.STEP_WORKER_STARTED, loading.pid)
        yield said("", dg.DagsterEventType.STEP_START, working.pid)
        yield said(f"{multiprocess._IS_TERMINATED} - forwarding to active child processes")
        raise DagsterSubprocessError("", subprocess_error_infos=[crashed])  # type: ignore[no-untyped-call]

    with (
        patch.object(MultiprocessExecutor, "execute", execute),
        patch("multiprocessing.active_children", lambda: [as_child(working), as_child(loading)]),
        pytest.raises(dg.DagsterExecutionInterruptedError),
    ):
        list(build_executor().execute(None, None))
    assert loading.returncode == -signal.SIGUSR1  # that is known, so it was waited for
    assert (working.poll(), other.poll()) == (None, None)


def test_without_a_termination_a_crashed_step_is_what_dagster_makes_of_it() -> None:
    crashed = SerializableErrorInfo("", [], "ChildProcessCrashException")

    def execute(*_: Any) -> Iterator[Any]:
        yield said("Executing steps using multiprocess executor")
        raise DagsterSubprocessError("", subprocess_error_infos=[crashed])  # type: ignore[no-untyped-call]

    executor = build_executor()
    assert executor.retries is RetryMode.ENABLED
    with patch.object(MultiprocessExecutor, "execute", execute), pytest.raises(DagsterSubprocessError):
        list(executor.execute(None, None))


def test_dagster_still_says_in_these_words_that_it_ends_its_children() -> None:
    names = MultiprocessExecutor.execute.__code__.co_consts
    assert any(multiprocess._IS_TERMINATED in str(name) for name in names)
