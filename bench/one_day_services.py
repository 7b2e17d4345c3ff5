"""The services of `bench.one_day`: as `make dev` starts them, and as production has them on one machine.

Ours and stock Dagster's differ in the code location and in `dagster.yaml` alone. What is asked of them
belongs to `one_day.py`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import psutil
import yaml

from bench.dagster_server import DagsterServer, find_port
from bench.records import create_database
from sales_assets.settings import ROOT

POOLS = ("erp", "dbt")
"""Those of the daily job; `make doctor` asks for a limit of each."""

_PYTHON = (sys.executable, "-W", "ignore", "-m")
_NO_TELEMETRY: dict[str, Any] = {"telemetry": {"enabled": False}}
_DEV, _PRODUCTION = "dagster.yaml", "deploy/dagster/production.yaml"


@dataclass(frozen=True)
class Variant:
    """A code location, in a copy of the project, with the services around it.

    Attributes:
        name: What it is called in the table.
        home: The copy of the project; with an empty warehouse and no records.
        module: That of the code location.
        job: The job that is launched.
        is_ours: Whether it has our `dagster.yaml`; else Dagster's defaults.
        is_production: Whether it has production's services; else those of `make dev`.
    """

    name: str
    home: Path
    module: str
    job: str
    is_ours: bool
    is_production: bool

    @contextmanager
    def serving(self, variables: Mapping[str, str], server: str) -> Iterator[DagsterServer]:
        """Start the services, and stop them at the end of the block.

        Args:
            variables: The environment, beside this process's.
            server: The URL of a PostgreSQL server, for production's records.
        """
        environment = {**os.environ, **variables, "PYTHONPATH": os.fspath(self.home)}
        environment |= {"DAGSTER_HOME": os.fspath(self.home), "PYTHONWARNINGS": "ignore"}
        if self.is_production:
            database = create_database(server, f"dagster_{uuid4().hex[:8]}")
            self._configure(_PRODUCTION, {"postgres_url": database})
            environment["DAGSTER_EVENT_BATCH_SIZE"] = "50"  # as in the image
        else:
            self._configure(_DEV, None)
        web = find_port()
        with _running(self._list_commands(web), self.home, environment) as processes:
            yield DagsterServer(processes, web, self.module)

    def _configure(self, ours: str, storage: Mapping[str, str] | None) -> None:
        """Write `dagster.yaml`; the embedded PostgreSQL has a socket only, and logs stay on the disk."""
        config = yaml.safe_load((ROOT / ours).read_text()) if self.is_ours else dict(_NO_TELEMETRY)
        if storage is not None:
            config.pop("compute_logs", None)
            self._store_in_postgres(config, storage)
        (self.home / "dagster.yaml").write_text(yaml.safe_dump(config))
        if storage is not None:
            with dg.DagsterInstance.from_config(os.fspath(self.home)) as instance:
                for pool in POOLS:
                    instance.event_log_storage.set_concurrency_slots(pool, 2)

    def _store_in_postgres(self, config: dict[str, Any], storage: Mapping[str, str]) -> None:
        if self.is_ours:
            config["storage"]["custom"]["config"] = storage
        else:
            config["storage"] = {"postgres": storage}

    def _list_commands(self, web: int) -> Sequence[Sequence[str]]:
        if not self.is_production:
            location = ["-m", self.module, "-p", str(web), "-h", "127.0.0.1", "--log-level", "warning"]
            return [["dagster", "dev", *location]]
        code = find_port()
        served = {"host": "127.0.0.1", "port": code, "location_name": self.module}
        workspace = {"load_from": [{"grpc_server": served}]}
        (self.home / "workspace.yaml").write_text(yaml.safe_dump(workspace))
        return [
            ["dagster", "code-server", "start", "-h", "127.0.0.1", "-p", str(code), "-m", self.module],
            ["dagster_webserver", "-h", "127.0.0.1", "-p", str(web), "-w", "workspace.yaml"],
            ["dagster._daemon", "run", "-w", "workspace.yaml"],
        ]


@contextmanager
def _running(
    commands: Sequence[Sequence[str]], folder: Path, environment: Mapping[str, str]
) -> "Iterator[Sequence[subprocess.Popen[bytes]]]":
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            with (folder / ".data" / f"{len(processes)}.log").open("w") as log:
                process = subprocess.Popen(  # noqa: S603 - Dagster's own commands
                    [*_PYTHON, *command], cwd=folder, env=environment, stdout=log, stderr=log
                )
            processes.append(process)
        yield processes
    finally:
        for process in processes:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(psutil.NoSuchProcess):
        for child in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    process.wait()
