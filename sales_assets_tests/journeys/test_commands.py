"""The commands as whole processes from the repository's root."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from sales_assets.commands.__main__ import main
from sales_assets.settings import ROOT
from sales_assets_tests.support.erp import Erp
from sales_assets_tests.support.python_process import run_commands, run_python

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python without its folder on the PATH, as in an inactive venv."""
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_unknown_deployment_fails_and_lists_the_known_ones() -> None:
    environment = {"DAGSTER_DEPLOYMENT": "production"}
    code, output = run_python("-m", "dagster", "definitions", "validate", environment=environment)
    assert code != 0
    assert "must be one of: local, staging, prod" in output


def test_a_dotenv_file_is_read_by_every_command(tmp_path: Path) -> None:
    script = (
        "import sales_assets.settings.environment as s; from pathlib import Path; "
        f"s.ROOT = Path({str(tmp_path)!r}); print(s.settings().timezone, s.settings().has_erp_url)"
    )
    (tmp_path / ".env").write_text("SALES_TIMEZONE=Europe/Rome\nERP_POSTGRES_URL=postgresql://u@h/d\n")
    assert run("python", "-c", script).stdout.split() == ["Europe/Rome", "True"]
    assert run("python", "-c", script, SALES_TIMEZONE="UTC").stdout.split() == ["UTC", "True"]


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    monkeypatch.chdir(tmp_path)  # the paths in dagster.yaml are relative
    with dg.DagsterInstance.from_config(str(ROOT)) as instance:
        yield instance


def test_the_instance_stores_everything_in_one_folder_and_ends_long_runs(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    folder = str(tmp_path / ".data" / "dagster")
    assert str(Path(instance.storage_directory()).absolute()).startswith(folder)
    assert instance.run_monitoring_max_runtime_seconds == 7200
    assert not instance.telemetry_enabled


def test_queued_runs_of_the_same_day_run_one_at_a_time() -> None:
    [limit] = yaml.safe_load((ROOT / "dagster.yaml").read_text())["concurrency"]["runs"][
        "tag_concurrency_limits"
    ]
    assert limit == {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}


def test_make_help_lists_every_command() -> None:
    output = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(
        f"make {command} " in output for command in ("demo", "dev", "test", "check", "stop", "reset", "help")
    )


@pytest.mark.parametrize(("given", "used"), [("/opt/dagster", "/opt/dagster"), ("", str(ROOT))])
def test_make_uses_the_instance_that_a_deployment_names(given: str, used: str) -> None:
    command = ["make", "--silent", "--eval", "home: ; @echo $$DAGSTER_HOME", "home"]
    environment = os.environ | {"DAGSTER_HOME": given}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == used


def test_the_lock_file_pins_hashes_and_contains_no_index() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("    ")]
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert not [line for line in lines if "://" in line or line.startswith("--")]


@pytest.mark.exhaustive
@pytest.mark.usefixtures("models_alone")
def test_backfill_and_repair_store_the_days_and_the_repair_job_finds_no_gaps_afterwards(
    checkout: Path, erp: Erp
) -> None:
    for day in range(1, 6):
        erp.order(day, f"2025-01-{day:02} 10:00+00")
    repair = ["sales-assets", "repair", "--from", "2025-01-01", "--to"]
    job = ["dagster", "job", "execute", "-m", "sales_assets.definitions", "-j", "repair_job", "-c"]
    for launch in (False, True):
        config = {"ops": {"repair": {"config": {"last_day": "2025-01-05", "launch": launch}}}}
        (checkout / f"{launch}.yaml").write_text(yaml.safe_dump(config))
    results = run_commands(
        ["sales-assets", "backfill", "2025-01-01", "2025-01-02"],
        [*repair, "2025-01-04"],
        [*repair, "2025-01-04", "--run"],
        [*job, "False.yaml"],
        [*job, "True.yaml"],
        [*repair, "2025-01-05"],
        ["sales-assets", "docs"],
        environment={"ERP_POSTGRES_URL": erp.url},
        checkout=checkout,
    )
    assert [code for code, _ in results] == [0] * 7
    plan, repaired, shown, launched, remaining, docs = [output for _, output in results[1:]]
    assert "raw_orders               missing     2 day(s): 2025-01-03 to 2025-01-04" in plan
    assert "Nothing was run." in plan
    assert "Done." in repaired
    assert "2025-01-05: gold/dim_dates … gold/" in shown
    assert "2025-01-05: gold/dim_dates … gold/" in launched
    assert "Nothing is missing" in remaining
    page = checkout / ".data" / "reports" / "data_dictionary.html"
    assert f"The data dictionary is {page}." in docs
    assert "Revenue that was to be expected, in `currency`" in page.read_text()  # a column's description


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (["2024-12-31", "2025-01-02"], "the business days are 2025-01-01"),
        (["yesterday", "2025-01-02"], "The run asks for yesterday"),
    ],
)
def test_a_backfill_of_invalid_days_is_refused_in_one_sentence(
    days: list[str], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["backfill", *days])
    assert end.value.code == 2
    error = capfd.readouterr().err
    assert reason in " ".join(error.split())
    assert "Traceback" not in error
