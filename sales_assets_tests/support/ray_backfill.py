"""A backfill on two hosts of Ray, one of which is killed: `python -m … FOLDER`, in a network of its own.

It prints what became of it as JSON; what is right is asserted by `journeys/test_ray.py`. It is a process of
its own, because tests may only reach loopback.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import dagster as dg
import yaml
from adbc_driver_postgresql import dbapi

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.settings import ROOT
from sales_assets.warehouse.snowflake import SnowflakeWarehouse
from sales_assets_tests.support.daemons import Daemons, running_code_server, running_daemons
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.network_postgres import PASSWORD, build_url, running_network_postgres
from sales_assets_tests.support.ray_hosts import HEAD, Host, make_network, start_head
from sales_assets_tests.support.snowflake import redirect_connections, run_emulator

DAYS = [f"2025-01-{day:02}" for day in range(10, 18)]
_MODULE = "sales_assets_tests.support.on_snowflake_emulator"
_PATIENCE_SECONDS, _POLL_SECONDS = 300.0, 1.0


@dataclass
class RayCluster:
    """Two hosts, and the daemons that launch runs on them."""

    daemons: Daemons
    erp: Erp
    hosts: list[Host]

    def read_hosts(self, runs: list[dg.DagsterRun]) -> list[str]:
        """The address of the host of each run."""
        client: Any = self.daemons.instance.run_launcher.client  # type: ignore[attr-defined]
        jobs = [client.get_job_info(f"dagster-run-{run.run_id}") for run in runs]
        return [str(urlsplit(job.driver_agent_http_address).hostname) for job in jobs]

    def has_begun(self, run: dg.DagsterRun) -> bool:
        """Whether a run has begun its step, in which it waits for the ERP."""
        return bool(self.daemons.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START))

    def read_days(self) -> dict[str, list[Any]]:
        """Count and exact sum of each stored day."""
        rows = SnowflakeWarehouse(account="a", user="u", password="p", database="SALES").query(
            "select order_date::date::varchar as day, count(*) as n, "
            "sum(total_amount)::decimal(38, 4)::varchar as total from raw.raw_orders group by 1"
        )
        return {str(day)[:10]: [int(n), str(total)] for day, n, total in rows.to_numpy()}

    @contextmanager
    def busy_erp(self) -> Iterator[None]:
        """An ERP whose orders another session has locked: runs wait for it."""
        with closing(dbapi.connect(self.erp.admin_url)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("lock table orders in access exclusive mode")
            yield


def lose_a_host(cluster: RayCluster) -> dict[str, Any]:
    """Backfill in chunks on both hosts, kill one while its runs work, and let Dagster do the rest."""
    daemons = cluster.daemons
    with cluster.busy_erp():
        runs = daemons.backfill(DAYS)
        wait_until(lambda: all(cluster.has_begun(run) for run in runs), "all runs to begin")
        hosts = cluster.read_hosts(runs)
        cluster.hosts[1].kill()

    def have_ended(of: list[dg.DagsterRun]) -> bool:
        daemons.watch()
        return all(daemons.read(run).is_finished for run in of)

    wait_until(lambda: have_ended(runs), "the first runs to end")
    lost = [run for run, host in zip(runs, hosts, strict=True) if host == cluster.hosts[1].address]
    daemons.retry()
    retries = [daemons.retry_of(run) for run in lost]
    daemons.launch()
    wait_until(lambda: have_ended(retries), "the new runs to end")
    records = daemons.instance.fetch_materializations(RAW_ORDERS_KEY, limit=100).records
    return {
        "hosts": dict(zip([run.run_id for run in runs], hosts, strict=True)),
        "first": {run.run_id: daemons.read(run).status.value for run in runs},
        "failures": [daemons.read_failure(run) for run in lost],
        "again": [daemons.read(run).status.value for run in retries],
        "again_on": cluster.read_hosts(retries),
        "stored": cluster.read_days(),
        "erp": {day: cluster.erp.totals(day) for day in DAYS},
        "recorded": Counter(str(record.partition_key) for record in records),
    }


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until something is so; RuntimeError after five minutes."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > end:
            message = f"Waited five minutes for {what}."
            raise RuntimeError(message)
        time.sleep(_POLL_SECONDS)


def write_instance(home: Path) -> None:
    """Write `deploy/ray/dagster.yaml`, but for the bucket of compute logs."""
    config = yaml.safe_load((ROOT / "deploy/ray/dagster.yaml").read_text())
    del config["compute_logs"]
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))


def build_variables(home: Path, emulator: int) -> dict[str, str]:
    """The environment of every host."""
    account = dict.fromkeys(("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "PASSWORD"), "x") | {"DATABASE": "SALES"}
    return {
        **{f"SNOWFLAKE_{name}": value for name, value in account.items()},
        "DAGSTER_DEPLOYMENT": "prod",
        "DAGSTER_HOME": str(home),
        "DAGSTER_POSTGRES_DB": "dagster",
        "DAGSTER_POSTGRES_HOST": HEAD,
        "DAGSTER_POSTGRES_PASSWORD": PASSWORD,
        "DAGSTER_POSTGRES_USER": "postgres",
        "EMULATOR_HOST": HEAD,
        "EMULATOR_PORT": str(emulator),
        "ERP_POSTGRES_URL": build_url("sales_reader", HEAD),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "t" * 64,
        "RAY_DASHBOARD_URL": f"http://{HEAD}:8265",
        "RAY_health_check_failure_threshold": "3",
        "RAY_health_check_period_ms": "1000",
        "RAY_health_check_timeout_ms": "1000",
        "SALES_DATA_DIR": str(home / "data"),
        "SALES_MAX_PARTITIONS_PER_RUN": "2",
    }


def main(home: Path) -> None:
    """Make the hosts, lose one, and print what became of the days."""
    make_network()
    with ExitStack() as stack:
        erp = stack.enter_context(running_network_postgres(home / "postgres", HEAD, ["dagster"]))
        port = stack.enter_context(run_emulator(home, HEAD))
        stack.enter_context(redirect_connections(port, HEAD))
        variables = build_variables(home, port)
        stack.enter_context(patch.dict(os.environ, variables))
        write_instance(home)
        for number, day in enumerate(DAYS):
            erp.order(10 * number, f"{day} 00:00+00", items=[(3, "0.25", "0.5")])
            erp.order(10 * number + 1, f"{day} 23:59:59.999999+00")
        workspace = stack.enter_context(running_code_server(home, variables, _MODULE))
        head = start_head(variables, home / "head.log")
        hosts = [Host(number, variables, home / f"host{number}.log") for number in (2, 3)]
        stack.callback(head.kill)
        daemons = stack.enter_context(running_daemons(home, workspace))
        wait_until(lambda: "Ray runtime started" in (home / "host3.log").read_text(), "Ray to start")
        json.dump(lose_a_host(RayCluster(daemons, erp, hosts)), sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
