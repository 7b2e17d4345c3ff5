"""Code server, web server and daemon from the image, and what they talk to on this machine.

What is expected of them belongs to `image_check.py`.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import psutil
import requests
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import GrpcServerTarget

from sales_assets.settings import ROOT
from sales_assets.warehouse.snowflake import SnowflakeWarehouse
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.image_build import TESTS, Builder
from sales_assets_tests.support.network_postgres import PASSWORD, build_url, running_network_postgres
from sales_assets_tests.support.s3 import S3, running_s3
from sales_assets_tests.support.snowflake import redirect_connections, run_emulator

_ADDRESS = "127.0.0.1"
_WEB = f"http://{_ADDRESS}:3000"
_SCHEDULE = "sales_pipeline_schedule"
_LOADED = """{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
    __typename } } } } }"""
_PATIENCE_SECONDS, _POLL_SECONDS = 1200.0, 1.0
_COMMANDS = {
    "code": "",  # the image's own
    "web": "dagster-webserver -h 0.0.0.0 --log-format json",
    "daemon": "dagster-daemon run --log-format json",
}
"""As in `docs/production.md`."""


@dataclass
class Services:
    """The three services.

    Attributes:
        day: Yesterday, whose orders are in the ERP.
        logs: The folder of their logs.
    """

    builder: Builder
    erp: Erp
    s3: S3
    instance: dg.DagsterInstance
    variables: Mapping[str, str]
    processes: dict[str, "subprocess.Popen[bytes]"]
    day: str
    logs: Path

    def ask(self, name: str, command: str) -> str:
        """Run a command of the shell in the container of a service; returns its output."""
        variables = {name: value for name, value in self.variables.items() if name != "PYTHONPATH"}
        return self.builder.run(name, ["sh", "-c", command], variables)

    def turn_the_schedule_on(self) -> None:
        """Let the schedule be on since a day ago, so that a daemon that starts makes up for its last tick."""
        target = GrpcServerTarget(host=_ADDRESS, port=4000, socket=None, location_name="sales_assets")
        with WorkspaceProcessContext(self.instance, target) as workspace:
            location = workspace.create_request_context().get_code_location("sales_assets")
            [repository] = location.get_repositories().values()
            schedule = repository.get_schedule(_SCHEDULE)
        since = (datetime.now(UTC) - timedelta(days=1)).timestamp()
        data = ScheduleInstigatorData(schedule.cron_schedule, since)
        origin = schedule.get_remote_origin()
        state = InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data)
        self.instance.add_instigator_state(state)

    def start(self, name: str) -> None:
        """Start a service."""
        command, log = _COMMANDS[name].split(), self.logs / f"{name}.log"
        self.processes[name] = self.builder.start(name, command, self.variables, log)

    def wait_for_run(self) -> dg.DagsterRun:
        """The run that the schedule requested, when it has ended."""

        def read() -> list[dg.DagsterRun]:
            return list(self.instance.get_runs(dg.RunsFilter(tags={"dagster/schedule_name": _SCHEDULE})))

        self.wait_until(lambda: any(run.is_finished for run in read()), "the schedule's run to end")
        [run] = read()
        return run

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so.

        Raises:
            RuntimeError: It takes twenty minutes, or a service has ended.
        """
        end = time.monotonic() + _PATIENCE_SECONDS
        while not is_so():
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            if ended or time.monotonic() > end:
                said = "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in self.logs.glob("*.log"))
                message = f"Waited for {what}; ended: {ended}. The logs of the services end with:\n{said}"
                raise RuntimeError(message)
            time.sleep(_POLL_SECONDS)

    def has_loaded(self) -> bool:
        """Whether the web server shows the code location."""
        try:
            answer = requests.post(f"{_WEB}/graphql", json={"query": _LOADED}, timeout=60).json()
        except requests.ConnectionError:
            return False
        return "RepositoryLocation" in str(answer)

    def read_failure(self, run: dg.DagsterRun) -> str:
        """What a run says of its failed steps."""
        failed = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        return "\n".join(
            str(event.dagster_event.step_failure_data.error) for event in failed if event.dagster_event
        )

    def read_gold(self) -> tuple[int, str]:
        """Count and sum of the day in gold."""
        warehouse = SnowflakeWarehouse(account="a", user="u", password="p", database="SALES")
        rows = warehouse.query(
            "select count(*) as n, sum(total_amount)::decimal(38, 4)::varchar as total "
            f"from gold.fct_orders where order_date = '{self.day}'"
        )
        [[count, total]] = rows.to_numpy()
        return int(count), str(total)

    def read_erp(self) -> tuple[int, str | None]:
        """Count and sum of the day in the ERP."""
        return self.erp.totals(self.day)

    def has_logs(self, run: dg.DagsterRun) -> bool:
        """Whether the bucket has the output of a run."""
        found = self.s3.client.list_objects_v2(Bucket=self.s3.bucket).get("Contents", [])
        return any(run.run_id in each["Key"] for each in found)


@contextmanager
def running_services(builder: Builder, folder: Path) -> Iterator[Services]:
    """Run the services until the end of the block; their logs are in the folder."""
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    with ExitStack() as stack:
        erp = stack.enter_context(running_network_postgres(folder / "postgres", _ADDRESS, ["dagster"]))
        s3 = stack.enter_context(running_s3()).reset()
        port = stack.enter_context(run_emulator(folder))
        stack.enter_context(redirect_connections(port))
        variables = build_variables(s3, port, day)
        stack.enter_context(patch.dict(os.environ, variables))
        for number in range(1, 9):
            erp.order(
                number, f"{day} {number:02}:00+00", customer=1 + number % 2, items=[(number, "10.25", None)]
            )
        for number in (1, 2):
            erp.customer(number)
        (folder / "dagster.yaml").write_text((ROOT / "deploy/dagster/production.yaml").read_text())
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(folder)))
        services = Services(builder, erp, s3, instance, variables, {}, day, folder)
        stack.callback(stop, services.processes)
        services.start("code")
        services.start("web")
        services.wait_until(services.has_loaded, "the web server to show the location")
        services.turn_the_schedule_on()
        services.start("daemon")
        yield services


def build_variables(s3: S3, port: int, day: str) -> dict[str, str]:
    """The variables of all three services."""
    account = dict.fromkeys(("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "PASSWORD"), "x") | {"DATABASE": "SALES"}
    return {
        **{f"SNOWFLAKE_{name}": value for name, value in account.items()},
        **s3.variables,
        "DAGSTER_CODE_SERVER_HOST": _ADDRESS,
        "DAGSTER_LOGS_BUCKET": s3.bucket,
        "DAGSTER_POSTGRES_DB": "dagster",
        "DAGSTER_POSTGRES_HOST": _ADDRESS,
        "DAGSTER_POSTGRES_PASSWORD": PASSWORD,
        "DAGSTER_POSTGRES_USER": "postgres",
        "EMULATOR_PORT": str(port),
        "ERP_POSTGRES_URL": build_url("sales_reader", _ADDRESS),
        "PYTHONPATH": f"{TESTS}/sales_assets_tests/support/image_site:{TESTS}:/opt/sales_assets",
        "SALES_FIRST_DAY": day,
        "SALES_S3_BUCKET": s3.bucket,
    }


def stop(processes: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    """End the services with what they started."""
    for process in processes.values():
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.wait()
