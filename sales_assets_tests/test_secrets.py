"""Secrets: a run that fails because of one shows it nowhere, and .env.example knows every variable."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest
from snowflake.connector.errors import DatabaseError

from sales_assets.definitions import build_definitions
from sales_assets.settings import ROOT, Environment, Settings, SnowflakeSecret
from sales_assets_tests.erp import Erp

PLANTED = "s3cret-W0rd"
ACCOUNT = dict.fromkeys(
    (f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE")), "x"
)
KEY = f"-----BEGIN PRIVATE KEY-----\n{PLANTED}\n-----END PRIVATE KEY-----\n"


def shown(job: dg.JobDefinition, capfd: pytest.CaptureFixture[str], **variables: str) -> str:
    """Everything that a failing run leaves: output, events with tracebacks and metadata, run and reprs."""
    instance = dg.DagsterInstance.ephemeral()
    with patch.dict(os.environ, variables):
        texts = [repr(job.resource_defs), repr(Settings.from_environment(os.environ))]
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
    settings = Settings(duckdb_path=tmp_path / "sales.duckdb", has_erp_url=True)
    job = build_definitions(settings).resolve_job_def("daily_sales_pipeline")
    url = erp.url.replace("sales_reader@", f"nobody_at_all:{PLANTED}@")
    left = shown(job, capfd, ERP_POSTGRES_URL=url)
    assert "nobody_at_all" in left
    assert PLANTED not in left


@pytest.mark.slow
@pytest.mark.parametrize("secret", list(SnowflakeSecret))
def test_a_run_with_a_wrong_snowflake_secret_shows_it_nowhere(
    erp: Erp, secret: SnowflakeSecret, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    erp.order(1)
    (tmp_path / "key.p8").write_text(KEY)
    values = {
        SnowflakeSecret.PASSWORD: PLANTED,
        SnowflakeSecret.PRIVATE_KEY: KEY,
        SnowflakeSecret.PRIVATE_KEY_PATH: str(tmp_path / "key.p8"),
    }
    settings = Settings(environment=Environment.PROD, data_dir=tmp_path, snowflake_secret=secret)
    job = build_definitions(settings).resolve_job_def("daily_sales_pipeline")
    said = "250001 (08001): Incorrect username or password was specified."
    with patch("snowflake.connector.connect", side_effect=DatabaseError(said)):
        given = ACCOUNT | {"ERP_POSTGRES_URL": erp.url, secret: values[secret]}
        left = shown(job, capfd, **given)
    assert (said if secret is SnowflakeSecret.PASSWORD else "Unable to load private key") in left
    assert PLANTED not in left


def variables() -> Iterator[str]:
    """The names that settings.py and the resources read, as they stand in the source."""
    for name in ("settings.py", "setting_values.py", "resources.py"):
        for node in ast.walk(ast.parse((ROOT / "sales_assets" / name).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from re.findall(r"^[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+$", node.value)


def test_the_example_of_a_dotenv_file_has_every_variable_and_no_other() -> None:
    example = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    found = {name for name in variables() if name != "DAGSTER_HOME"}
    built = {f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE")}
    built |= {f"AIRBYTE_{name}" for name in ("CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD")}
    of_boto3 = {name for name in example if name.startswith("AWS_")}
    assert set(example) == found | built | of_boto3
    assert len(example) == len(set(example))
