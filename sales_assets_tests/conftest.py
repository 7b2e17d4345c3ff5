"""What tests share: a scrubbed environment, no network but loopback, a real PostgreSQL, a fresh warehouse."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sales_assets.settings import ROOT, VARIABLE_PREFIXES, Settings

# Before anything reads the settings: they are those of a laptop with nothing configured.
for name in [name for name in os.environ if name.startswith((*VARIABLE_PREFIXES, "DBT_"))]:
    del os.environ[name]
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"

from sales_assets.demo.erp.postgres_server import running_server, stop_server  # noqa: E402
from sales_assets_tests.support.airbyte import Airbyte, running_airbyte  # noqa: E402
from sales_assets_tests.support.erp import Erp  # noqa: E402
from sales_assets_tests.support.s3 import S3, running_s3  # noqa: E402


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

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    """A PostgreSQL with the ERP's tables, for the whole session."""
    folder = tmp_path_factory.mktemp("pg") / "erp"
    erp = Erp(running_server(folder))
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
    return s3_server.fresh()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A laptop's settings with a warehouse of its own."""
    return Settings(duckdb_path=tmp_path / "sales.duckdb", has_erp_url=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Airbyte]:
    """An Airbyte over real HTTP."""
    with running_airbyte(tmp_path) as server:
        yield server


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """The project as a fresh clone has it: without anything that was made by running it."""
    made = shutil.ignore_patterns(".git", ".venv", ".data", ".env", "*_cache", "__pycache__", "*.egg-info")
    yield Path(shutil.copytree(ROOT, tmp_path / "clone", ignore=made))
    stop = [sys.executable, "-m", "sales_assets.commands", "stop"]
    subprocess.run(stop, cwd=tmp_path / "clone", check=True, capture_output=True)
