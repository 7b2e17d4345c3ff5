"""Runs of a code server: forked from a process that has loaded the location, unless files have changed."""

import atexit
import gc
import multiprocessing
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

import pytest
from dagster._core.launcher import DefaultRunLauncher
from dagster._grpc.server import DagsterApiServer

from sales_assets.automation.code_location import PREPARED_RUN, read_code_files
from sales_assets.dbt import runner
from sales_assets.dbt.project import PARSED, PROJECT_DIR
from sales_assets.private_apis.forked_runs import fork_runs, keep_exit_handlers, share_fork_server
from sales_assets.settings import ROOT
from sales_assets_tests.support.python_process import PROCESSES

FILE = Path("assets/raw_orders.py")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="runs are forked on Linux only")


class CodeServer:
    """What is used of Dagster's: a run is started with the context that it has at that moment."""

    def __init__(self, launcher: object = None) -> None:
        self._instance = SimpleNamespace(run_launcher=launcher or DefaultRunLauncher())
        self._loadable_target_origin = SimpleNamespace(module_name="a.location")
        self._mp_ctx: Any = None
        self.failing: list[type[Exception]] = []
        self.started: list[str] = []

    def ListRepositories(self, *_: Any) -> str:  # noqa: N802 - Dagster's
        return "the repositories"

    def StartRun(self, *_: Any) -> str:  # noqa: N802 - Dagster's
        self.started.append(self._mp_ctx.get_start_method())
        if self.failing:
            raise self.failing.pop()
        return "started"


@pytest.fixture
def files() -> dict[Path, int]:
    return {FILE: 1}


@pytest.fixture
def fork_servers(files: dict[Path, int]) -> Iterator[Mock]:
    """The fork servers that were started, while `CodeServer` is the class of code servers."""
    module = SimpleNamespace(DagsterApiServer=type("Patched", (CodeServer,), {}))
    before = [*forkserver._forkserver._preload_modules]  # type: ignore[attr-defined]
    with (
        patch.dict(sys.modules, {"dagster._grpc.server": module}),
        patch.object(forkserver, "ensure_running") as started,
    ):
        fork_runs("what.runs.need", lambda: dict(files))
        yield Mock(started=started, new_code_server=module.DagsterApiServer)
    forkserver.set_forkserver_preload(before)


@ON_LINUX
def test_runs_are_forked_from_one_process_until_a_file_changes(
    fork_servers: Mock, files: dict[Path, int]
) -> None:
    code_server = fork_servers.new_code_server()
    assert [code_server.ListRepositories(None, None) for _ in range(2)] == ["the repositories"] * 2
    assert fork_servers.started.call_count == 1
    assert forkserver._forkserver._preload_modules == ["a.location", "what.runs.need"]  # type: ignore[attr-defined]
    assert code_server.StartRun(None, None) == "started"
    files[FILE] = 2
    code_server.StartRun(None, None)
    assert code_server.started == ["forkserver", "spawn"]


@ON_LINUX
def test_a_run_starts_as_dagster_has_it_when_the_fork_server_has_ended(fork_servers: Mock) -> None:
    code_server = fork_servers.new_code_server()
    code_server.ListRepositories(None, None)
    code_server.failing = [ConnectionRefusedError]
    assert code_server.StartRun(None, None) == "started"
    code_server.failing = [EOFError]
    assert code_server.StartRun(None, None) == "started"
    assert code_server.started == ["forkserver", "spawn"] * 2


def test_a_code_server_whose_runs_start_elsewhere_needs_no_fork_server(fork_servers: Mock) -> None:
    in_pods = fork_servers.new_code_server(launcher=object())
    in_pods.ListRepositories(None, None)
    assert fork_servers.started.call_count == 0
    in_pods.StartRun(None, None)
    assert in_pods.started == ["spawn"]


def test_on_macos_runs_start_as_dagster_has_it(fork_servers: Mock) -> None:
    code_server = fork_servers.new_code_server()
    with patch.object(sys, "platform", "darwin"):
        code_server.ListRepositories(None, None)
    code_server.StartRun(None, None)
    assert (fork_servers.started.call_count, code_server.started) == (0, ["spawn"])


def test_dagsters_code_server_still_has_what_is_replaced_and_read() -> None:
    start = getattr(DagsterApiServer.StartRun, "__wrapped__", DagsterApiServer.StartRun)
    assert "_mp_ctx" in start.__code__.co_names
    assert {"_instance", "_loadable_target_origin"} <= set(DagsterApiServer.__init__.__code__.co_names)
    assert callable(DagsterApiServer.ListRepositories)


def _tell_parents(answer: Any) -> None:
    answer.send(os.getppid())
    share_fork_server()
    step = PROCESSES.Process(target=_tell_parent, args=(answer,))
    step.start()
    step.join()


def _tell_parent(answer: Any) -> None:
    answer.send(os.getppid())


@pytest.mark.slow  # a fork server and two of its children: Python's own would start another for the second
def test_a_step_is_forked_by_the_server_that_forked_its_run() -> None:
    receiver, answer = PROCESSES.Pipe(duplex=False)
    run = PROCESSES.Process(target=_tell_parents, args=(answer,))
    run.start()
    assert receiver.recv() == receiver.recv()
    run.join()
    assert run.exitcode == 0


def _fork_a_run(answer: Any) -> None:
    keep_exit_handlers()
    run = multiprocessing.get_context("fork").Process(target=_register_handler, args=(answer,))
    run.start()
    run.join()


def _register_handler(answer: Any) -> None:
    atexit.register(answer.send, "stopped")
    answer.send("began")


@pytest.mark.slow  # a fork server's child and its child: Python ends what is forked without the handlers
def test_a_forked_run_stops_at_its_end_what_a_new_python_would() -> None:
    receiver, answer = PROCESSES.Pipe(duplex=False)
    server = PROCESSES.Process(target=_fork_a_run, args=(answer,))
    server.start()
    answer.close()
    assert [receiver.recv(), receiver.recv()] == ["began", "stopped"]
    server.join()


def test_the_files_of_a_run_are_those_of_the_package_and_of_the_dbt_project() -> None:
    found = read_code_files()
    assert {ROOT / "sales_assets/definitions.py", PROJECT_DIR / "dbt_project.yml"} <= set(found)
    assert not [path for path in found if path.suffix == ".pyc" or path.is_dir()]


def test_a_forked_run_has_the_dbt_project_loaded_and_its_objects_out_of_garbage_collection() -> None:
    with patch.object(gc, "freeze") as freeze, patch.object(runner, "load_manifest", lambda _: object()):
        import_module(PREPARED_RUN)
        assert freeze.call_count == 1
        [(parsed, _)] = runner._KEPT
        assert parsed.name == PARSED
        first, second = runner._take_manifest(parsed), runner._take_manifest(parsed)
    assert first is not second  # dbt changes what it is given
    assert runner._KEPT == {}
