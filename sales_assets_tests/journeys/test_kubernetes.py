"""Runs as pods: Dagster's launcher and daemons on a stand-in of Kubernetes that runs each pod as a process.

Slow, because each pod loads the location, as it does on a cluster; pods of one backfill run side by side. The
warehouse is one DuckDB file: days of `raw_orders` are compared with the ERP's.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest
from adbc_driver_postgresql import dbapi

from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.warehouse.duckdb import DuckDBWarehouse
from sales_assets.warehouse.file_lock import lock_database
from sales_assets_tests.support.daemons import Daemons, running_code_server, running_daemons
from sales_assets_tests.support.data_dir import copy_manifests
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.helm_values import read_values
from sales_assets_tests.support.kubernetes_api import Cluster, running_kubernetes
from sales_assets_tests.support.kubernetes_instance import write_instance
from sales_assets_tests.support.kubernetes_pod import Pod

pytestmark = [
    pytest.mark.slow,
    pytest.mark.exhaustive,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of Dagster's daemons, about themselves
]

DAYS = [f"2025-01-{day:02}" for day in range(10, 18)]
IMAGE = "registry.example.com/sales_assets:1"
SECRET = "planted-word"
CLOCK = "dagster._daemon.monitoring.run_monitoring.get_current_timestamp"
MORE = {"limits": {"memory": "8Gi"}, "requests": {"memory": "6Gi"}}


@dataclass
class Kubernetes:
    """The location on the stand-in."""

    daemons: Daemons
    cluster: Cluster
    erp: Erp
    database: Path

    def pods_of(self, runs: list[dg.DagsterRun]) -> list[Pod]:
        """The pods of runs."""
        return [self.cluster.pod_of(run.run_id) for run in runs]

    def read_days(self) -> dict[str, tuple[int, str]]:
        """Count and exact sum of each stored day."""
        rows = DuckDBWarehouse(database=str(self.database)).query(
            "select order_date::date::varchar as day, count(*) as n, "
            "sum(total_amount)::decimal(38, 4)::varchar as total from raw.raw_orders group by 1"
        )
        return {str(day): (int(n), str(total)) for day, n, total in rows.to_numpy()}

    def count_materializations(self) -> dict[str, int]:
        """How often each day was recorded as stored."""
        found = self.daemons.instance.fetch_materializations(RAW_ORDERS_KEY, limit=100)
        return Counter(str(record.partition_key) for record in found.records)

    @contextmanager
    def busy_erp(self) -> Iterator[None]:
        """An ERP whose orders another session has locked: runs wait for it."""
        with closing(dbapi.connect(self.erp.admin_url)) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("lock table orders in access exclusive mode")
            yield


@pytest.fixture(scope="module")
def kubernetes(postgres: Erp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    home = tmp_path_factory.mktemp("kubernetes")
    data = home / "data"
    copy_manifests(data)
    settings = {
        "SALES_DATA_DIR": str(data),
        "SALES_LOG_FORMAT": "json",
        "SALES_MAX_PARTITIONS_PER_RUN": "2",
    }
    secrets = {
        "sales-secrets": {"ERP_POSTGRES_URL": postgres.url, "SNOWFLAKE_PASSWORD": SECRET},
        "sales-postgres": {"postgresql-password": f"{SECRET}-too"},
    }
    cluster = Cluster({"sales-settings": settings}, secrets, {IMAGE})
    postgres.clear()
    for number, day in enumerate(DAYS):
        postgres.order(10 * number, f"{day} 00:00+00", items=[(3, "0.07", "0.3333")])
        postgres.order(10 * number + 1, f"{day} 23:59:59.999999+00")
    with ExitStack() as stack:
        kubeconfig = home / "kubeconfig"
        stack.enter_context(running_kubernetes(cluster, kubeconfig))
        write_instance(read_values(), home, postgres, kubeconfig)
        password = secrets["sales-postgres"]["postgresql-password"]
        variables = settings | secrets["sales-secrets"]
        variables |= {"DAGSTER_PG_PASSWORD": password, "DAGSTER_CURRENT_IMAGE": IMAGE}
        workspace = stack.enter_context(running_code_server(home, variables | {"DAGSTER_HOME": str(home)}))
        daemons = stack.enter_context(running_daemons(home, workspace, password))
        yield Kubernetes(daemons, cluster, postgres, data / "sales.duckdb")


def test_a_backfill_is_a_pod_for_each_chunk_and_pods_that_die_are_replaced_and_nothing_is_doubled(
    kubernetes: Kubernetes,
) -> None:
    daemons = kubernetes.daemons
    with kubernetes.busy_erp():
        runs = daemons.backfill(DAYS)
        assert len(runs) == 4
        pods = kubernetes.pods_of(runs)
        for pod in pods:
            pod.wait_for("STEP_START")
        pods[1].kill("Error")
        pods[2].end("Error", "Evicted")
        pods[3].kill("OOMKilled")
    assert pods[0].wait() == 0
    daemons.watch()
    assert [daemons.read(run).status.value for run in runs] == ["SUCCESS", "FAILURE", "FAILURE", "FAILURE"]
    assert "Terminated with exit code 137: Error" in daemons.read_failure(runs[1])
    assert "Terminated with exit code 137: OOMKilled" in daemons.read_failure(runs[3])

    daemons.retry()
    retries = [daemons.retry_of(run) for run in runs[1:]]
    with kubernetes.busy_erp():
        daemons.launch()
        again = kubernetes.pods_of(retries)
        for pod in again:
            pod.wait_for("STEP_START")
        # The last one is cancelled, as somebody does in the UI.
        assert daemons.instance.run_launcher.terminate(retries[-1].run_id)
        assert again[-1].exit_code is not None
    assert [pod.wait() for pod in again[:-1]] == [0, 0]
    assert [daemons.read(run).status.value for run in retries] == ["SUCCESS", "SUCCESS", "CANCELED"]
    with lock_database(kubernetes.database, exclusive=True, caller="a test", timeout_seconds=0):
        pass

    whole = DAYS[:6]
    assert kubernetes.read_days() == {day: kubernetes.erp.totals(day) for day in whole}
    assert kubernetes.count_materializations() == dict.fromkeys(whole, 1)


def test_an_image_that_cannot_be_pulled_fails_the_run_with_its_reason_and_a_tag_gives_a_run_more_memory(
    kubernetes: Kubernetes,
) -> None:
    daemons = kubernetes.daemons
    config = {"container_config": {"image": "registry.example.com/sales_assets:gone", "resources": MORE}}
    [run] = daemons.backfill(DAYS[:1], {"dagster-k8s/config": json.dumps(config)})
    daemons.watch()
    assert daemons.read(run).status is dg.DagsterRunStatus.STARTING
    launched = daemons.instance.get_run_stats(run.run_id).launch_time
    assert launched is not None
    with patch(CLOCK, return_value=launched + 300):
        daemons.watch()
    assert daemons.read(run).status is dg.DagsterRunStatus.FAILURE
    said = daemons.read_failure(run)
    assert "Run timed out due to taking longer than 300 seconds to start." in said
    assert "ErrImagePull: registry.example.com/sales_assets:gone was not found" in said
    spec = kubernetes.cluster.pod_of(run.run_id).spec
    assert spec["containers"][0]["resources"] == MORE | {"requests": {"cpu": "500m", "memory": "6Gi"}}


def test_pods_have_secrets_by_name_only_and_what_the_values_say(kubernetes: Kubernetes) -> None:
    if not kubernetes.cluster.jobs:  # alone
        kubernetes.daemons.backfill(DAYS[:1])
    for job in kubernetes.cluster.jobs.values():
        assert SECRET not in json.dumps(job)
        assert kubernetes.erp.url not in json.dumps(job)
        spec = job["spec"]["template"]["spec"]
        [container] = spec["containers"]
        literals = {each["name"] for each in container["env"] if "value" in each}
        assert literals == {"DAGSTER_HOME", "DAGSTER_RUN_JOB_NAME"}
        assert_as_the_values_say(job, spec, container)
    for pod in kubernetes.cluster.pods.values():
        assert SECRET not in "".join(pod.lines)


def assert_as_the_values_say(job: dict[str, Any], spec: dict[str, Any], container: dict[str, Any]) -> None:
    launcher = read_values()["runLauncher"]["config"]["k8sRunLauncher"]
    assert container["securityContext"] == launcher["securityContext"]
    assert spec["securityContext"] == launcher["runK8sConfig"]["podSpecConfig"]["securityContext"]
    assert spec["serviceAccountName"] == "sales-dagster"
    assert launcher["volumes"][0] in spec["volumes"]
    assert all(mount in container["volumeMounts"] for mount in launcher["volumeMounts"])
    assert job["spec"]["activeDeadlineSeconds"] == 7800
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["template"]["metadata"]["labels"]["sales-assets/part"] == "run"
