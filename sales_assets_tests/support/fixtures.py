"""What tests share: only loopback, a real PostgreSQL, an S3, a fresh warehouse, copies of the project."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.demo.airbyte.process import stop_airbyte_emulators
from sales_assets.demo.erp.demo_erp import erp_folder
from sales_assets.demo.erp.postgres_server import start_server, stop_server
from sales_assets.demo.s3.demo_s3 import stop_demo_s3
from sales_assets.settings import Settings
from sales_assets.settings import settings as read_settings
from sales_assets_tests.support.airbyte import Airbyte, running_airbyte
from sales_assets_tests.support.data_dir import (
    copy_manifests,
    copy_project,
    prepare_manifests,
    settings_with,
)
from sales_assets_tests.support.dbt_variables import MODELS_ALONE
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.open_files import keep_files_open
from sales_assets_tests.support.quick_instances import close_empty_instances, make_instances_quick
from sales_assets_tests.support.s3 import S3, running_s3

make_instances_quick()


def pytest_collection() -> None:
    """Parse the dbt project before test modules load the location."""
    prepare_manifests(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    """Stop the servers that were started in the folder of this process, before it is removed."""
    stop_servers(read_settings().data_dir)
    close_empty_instances()


def stop_servers(data_dir: Path) -> None:
    """Stop the embedded ERP and the emulators of a data folder, as `sales-assets stop` does."""
    stop_server(erp_folder(data_dir))
    stop_airbyte_emulators(data_dir)
    stop_demo_s3(data_dir)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse connections to anything but this machine, unless the tests on a real account are asked for."""
    if request.config.option.markexpr == "snowflake":
        yield
        return
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            message = f"A test tried to reach {address}."
            raise RuntimeError(message)
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Erp]:
    """A PostgreSQL with the ERP's tables, for the whole session.

    It runs as a user of its own where the tests are root's, and pytest closes its folder to other users again
    whenever another session starts. So it is not in pytest's folder.
    """
    folder = read_settings().data_dir / "tests" / "erp"
    erp = Erp(start_server(folder))
    erp.create()
    yield erp
    erp.close()
    stop_server(folder)


@pytest.fixture
def erp(postgres: Erp) -> Erp:
    """The ERP without a row."""
    postgres.clear()
    return postgres


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """An S3 over real HTTP, for the whole session."""
    with running_s3() as s3:
        yield s3


@pytest.fixture
def s3(s3_server: S3) -> S3:
    """An S3 with an empty bucket."""
    return s3_server.reset()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A laptop's settings with a warehouse of its own."""
    return settings_with(duckdb_path=tmp_path / "sales.duckdb", has_erp_url=True)


@pytest.fixture
def files_stay_open() -> Iterator[None]:
    """Open each DuckDB file once in this test; see `open_files.py`."""
    with keep_files_open():
        yield


@pytest.fixture
def instance() -> dg.DagsterInstance:
    """A Dagster instance in memory, for what no second process has to see."""
    return dg.DagsterInstance.ephemeral()


@pytest.fixture
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have dbt's runs in this process draw no plots, which takes a second and is not what is tested."""
    monkeypatch.setattr("sales_assets.dbt.build_metadata.can_draw", lambda: False)


@pytest.fixture
def models_alone(without_plots: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have dbt build its models without tests and plots, which are most of a run and not what is tested."""
    for name, value in MODELS_ALONE.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Airbyte]:
    """An Airbyte over real HTTP."""
    with running_airbyte(tmp_path) as server:
        yield server


@pytest.fixture
def fresh_clone(tmp_path: Path) -> Iterator[Path]:
    """The project as a fresh clone has it: without anything that was made by running it."""
    clone = copy_project(tmp_path)
    yield clone
    stop_servers(clone / ".data")


@pytest.fixture
def checkout(fresh_clone: Path) -> Path:
    """The project in a folder of its own, with its dbt project parsed."""
    copy_manifests(fresh_clone / ".data")
    return fresh_clone
