"""Secrets: a run that fails because of one shows it nowhere, and .env.example knows every variable."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sales_assets.catalog.names import DAILY_JOB
from sales_assets.definitions import build_definitions
from sales_assets.resources import build_resources
from sales_assets.settings import ROOT, AirbyteLogin, Environment, SnowflakeSecret, parse_settings
from sales_assets_tests.support.data_dir import settings_with
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.snowflake import REFUSED, redirect_connections, run_refusing_server

PLANTED = "s3cret-W0rd"
ACCOUNT = dict.fromkeys(
    (f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE")), "x"
)
NO_KEY = f"-----BEGIN PRIVATE KEY-----\n{PLANTED}\n-----END PRIVATE KEY-----\n"


def shown(job: dg.JobDefinition, capfd: pytest.CaptureFixture[str], **variables: str) -> str:
    """Everything that a failing run leaves: output, events with tracebacks and metadata, run and reprs."""
    instance = dg.DagsterInstance.ephemeral()
    with patch.dict(os.environ, variables):
        texts = [repr(job.resource_defs), repr(parse_settings(os.environ))]
        try:
            done = job.execute_in_process(instance=instance, partition_key="2025-01-15", raise_on_error=False)
            assert not done.success
        except Exception as error:
            texts.append(repr(error))
    for run in instance.get_runs():
        texts += [repr(run), repr(run.run_config)]
        texts += [repr(event) for event in instance.all_logs(run.run_id)]
    return "".join(texts) + "".join(capfd.readouterr())


@pytest.mark.slow
def test_a_run_with_a_wrong_erp_password_shows_it_nowhere(
    erp: Erp, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = settings_with(duckdb_path=tmp_path / "sales.duckdb", has_erp_url=True)
    job = build_definitions(settings).resolve_job_def(DAILY_JOB)
    url = erp.create_role("locked_out", "the right one").replace("the%20right%20one", PLANTED)
    left = shown(job, capfd, ERP_POSTGRES_URL=url)
    assert 'password authentication failed for user "locked_out"' in left
    assert PLANTED not in left


@pytest.mark.slow
@pytest.mark.parametrize("secret", list(SnowflakeSecret))
def test_a_run_with_a_wrong_snowflake_secret_shows_it_nowhere(
    erp: Erp, secret: SnowflakeSecret, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    erp.order(1)
    (tmp_path / "key.p8").write_text(NO_KEY)
    values = {
        SnowflakeSecret.PASSWORD: PLANTED,
        SnowflakeSecret.PRIVATE_KEY: NO_KEY,
        SnowflakeSecret.PRIVATE_KEY_PATH: str(tmp_path / "key.p8"),
    }
    settings = settings_with(environment=Environment.PROD, snowflake_secret=secret)
    job = build_definitions(settings).resolve_job_def(DAILY_JOB)
    with run_refusing_server() as port, redirect_connections(port):
        given = ACCOUNT | {"ERP_POSTGRES_URL": erp.url, secret: values[secret]}
        left = shown(job, capfd, **given)
    assert (REFUSED if secret is SnowflakeSecret.PASSWORD else "Unable to load private key") in left
    assert PLANTED not in left


@pytest.mark.slow
def test_a_private_key_that_snowflake_does_not_know_is_shown_nowhere(
    erp: Erp, capfd: pytest.CaptureFixture[str]
) -> None:
    erp.order(1)
    pem = new_key()
    settings = settings_with(environment=Environment.PROD)
    job = build_definitions(settings).resolve_job_def(DAILY_JOB)
    with run_refusing_server() as port, redirect_connections(port):
        left = shown(job, capfd, **ACCOUNT, ERP_POSTGRES_URL=erp.url, SNOWFLAKE_PRIVATE_KEY=pem)
    assert REFUSED in left
    assert not [line for line in pem.splitlines()[1:-1] if line in left]


def new_key() -> str:
    """A private key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return pem.decode()


def test_a_resource_that_has_its_secrets_shows_none_of_them() -> None:
    settings = settings_with(
        environment=Environment.PROD,
        snowflake_secret=SnowflakeSecret.PASSWORD,
        airbyte_login=AirbyteLogin.APPLICATION,
    )
    names = [name for name in variables() if name.startswith(("ERP_", "AIRBYTE_", "SALES_S3_", "SNOWFLAKE_"))]
    names += [*ACCOUNT, "AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET"]
    with patch.dict(os.environ, dict.fromkeys(names, PLANTED)):
        for resource in build_resources(settings).values():
            with resource.process_config_and_initialize_cm() as resolved:
                assert PLANTED not in repr(resolved) + str(resolved) + repr(resource)


def variables() -> Iterator[str]:
    """The names that the settings and the resources read, as they stand in the source."""
    package = ROOT / "sales_assets"
    for path in (*sorted((package / "settings").glob("*.py")), package / "resources.py"):
        for name in re.findall(r"[\"']([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)[\"']", path.read_text()):
            if name not in (
                "ERP_NAME",
                "RUNBOOK_URL",
                "SNOWFLAKE_VARIABLES",
                "VARIABLE_PREFIXES",
            ):  # exported constants
                yield name


def test_the_example_of_a_dotenv_file_has_every_variable_and_no_other() -> None:
    example = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    found = {name for name in variables() if name != "DAGSTER_HOME"}
    built = {f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE")}
    built |= {f"AIRBYTE_{name}" for name in ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD")}
    of_boto3 = {name for name in example if name.startswith("AWS_")}
    assert set(example) == found | built | of_boto3
    assert len(example) == len(set(example))
