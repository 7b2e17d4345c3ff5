"""`make doctor` as a whole process: its exit code, and that it never shows a secret."""

import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from sales_assets.commands.__main__ import main
from sales_assets.dbt import project
from sales_assets.settings import Environment
from sales_assets_tests.support.data_dir import environment_with, settings_with
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.python_process import run_python
from sales_assets_tests.support.s3 import S3

pytestmark = pytest.mark.slow

PLANTED = "s3cret/W0rd+9"
UNAVAILABLE = {
    "ERP_POSTGRES_URL": f"postgresql://u:{quote(PLANTED, safe='')}@127.0.0.1:1/d",
    "AIRBYTE_URL": "http://127.0.0.1:1",
}
PARSED_VARIABLES = [
    *("DAGSTER_DEPLOYMENT", "SALES_TIMEZONE", "SALES_ERP_CURRENCY", "SALES_LOOKBACK_DAYS"),
    *("SALES_MAX_PARTITIONS_PER_RUN", "AIRBYTE_URL"),
]
SNOWFLAKE = [f"SNOWFLAKE_{name}" for name in ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE")]
PASSPHRASE = "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"
OTHER_VARIABLES = [
    *("AIRBYTE_WORKSPACE_ID", "AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET", "AIRBYTE_USERNAME"),
    *("AIRBYTE_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("SALES_S3_BUCKET", "SALES_S3_PREFIX", "SALES_DUCKDB_PATH"),
]


def doctor(home: Path, **variables: str) -> tuple[int, str]:
    """Run it as a process, with its own instance and only the loopback network."""
    return run_python("-m", "sales_assets.commands", "doctor", environment=environment_for(home) | variables)


def environment_for(home: Path) -> dict[str, str]:
    return {"DAGSTER_HOME": str(home), "HTTPS_PROXY": "http://127.0.0.1:1"}


class DoctorInProcess:
    """The command in this process, where importing everything costs nothing any more."""

    def __init__(self, home: Path, capfd: pytest.CaptureFixture[str]):
        self.home = home
        self.capfd = capfd

    def run(self, **variables: str) -> tuple[int, str]:
        """Exit code and everything that was printed, by libraries too."""
        with environment_with(environment_for(self.home) | variables):
            code = main(["doctor"])
        return code, "".join(self.capfd.readouterr())


@pytest.fixture
def in_process(home: Path, capfd: pytest.CaptureFixture[str]) -> DoctorInProcess:
    return DoctorInProcess(home, capfd)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return tmp_path


def test_a_laptop_with_an_erp_and_a_bucket_has_no_problems(home: Path, erp: Erp, s3: S3) -> None:
    code, output = doctor(
        home,
        ERP_POSTGRES_URL=erp.url,
        SALES_DUCKDB_PATH=str(home / "sales.duckdb"),
        SALES_S3_BUCKET=s3.bucket,
        AWS_ENDPOINT_URL=s3.url,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
    )
    assert code == 0, output
    assert output.endswith("No problems found.\n")


def test_an_unavailable_erp_is_the_only_problem_of_a_laptop(in_process: DoctorInProcess) -> None:
    code, output = in_process.run(ERP_POSTGRES_URL=UNAVAILABLE["ERP_POSTGRES_URL"])
    assert code == 1
    assert "fix  ERP: The ERP at 127.0.0.1:1" in output
    assert "1 problem(s) to fix." in output


def test_production_with_nothing_set_lists_every_variable_without_a_traceback(home: Path) -> None:
    code, output = doctor(home, DAGSTER_DEPLOYMENT="prod")
    assert code == 1
    assert "SNOWFLAKE_ACCOUNT is not set" in output
    assert "Not checked: ERP_POSTGRES_URL is not set." in output
    assert "Traceback" not in output


def test_a_dagster_yaml_that_does_not_load_is_one_line(home: Path, in_process: DoctorInProcess) -> None:
    (home / "dagster.yaml").write_text("run_storrage: {}\n")
    _, output = in_process.run(ERP_POSTGRES_URL=UNAVAILABLE["ERP_POSTGRES_URL"])
    assert "fix  Instance:" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("name", PARSED_VARIABLES)
def test_a_secret_in_the_wrong_variable_is_not_shown(in_process: DoctorInProcess, name: str) -> None:
    value = f"http://u:{PLANTED}@127.0.0.1" if name == "AIRBYTE_URL" else PLANTED
    code, output = in_process.run(**{name: value})
    assert code == 1
    assert f"{name} " in output
    assert not [form for form in (PLANTED, quote(PLANTED, safe="")) if form in output]
    assert "Traceback" not in output


def plant_secrets(way: str) -> dict[str, str]:
    """Every variable with a secret in it, for a laptop or for a way to authenticate at Snowflake."""
    names = OTHER_VARIABLES if way == "local" else [*OTHER_VARIABLES, *SNOWFLAKE, way, PASSPHRASE]
    deployment = "local" if way == "local" else "prod"
    given = UNAVAILABLE | {"DAGSTER_DEPLOYMENT": deployment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    return given | dict.fromkeys(names, PLANTED)


@pytest.fixture(scope="module")
def parsed_for_any_database() -> None:
    """The manifest of a database whose name is a secret, which takes seconds to parse: that of another."""
    production = settings_with(environment=Environment.PROD, snowflake_database="SALES")
    folder = project._locate_manifest_folder(replace(production, snowflake_database=PLANTED))
    shutil.copytree(project.prepare_project(production).target_path, folder, dirs_exist_ok=True)


@pytest.mark.usefixtures("parsed_for_any_database")
@pytest.mark.parametrize(
    "way", ["local", "SNOWFLAKE_PASSWORD", "SNOWFLAKE_PRIVATE_KEY", "SNOWFLAKE_PRIVATE_KEY_PATH"]
)
def test_a_secret_in_every_variable_is_never_shown(in_process: DoctorInProcess, way: str) -> None:
    code, output = in_process.run(**plant_secrets(way))
    assert code == 1
    assert output.count("\nfix  ") >= 3
    assert not [form for form in (PLANTED, quote(PLANTED, safe="")) if form in output]
    assert "Traceback" not in output
