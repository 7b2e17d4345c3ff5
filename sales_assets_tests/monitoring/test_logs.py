"""Logs of runs: each line is JSON, says where it comes from, and holds no secret and no personal data."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from sales_assets.errors import RefusedError
from sales_assets.operations.repair.gaps import range_tags
from sales_assets.settings import ROOT
from sales_assets_tests.support.data_dir import environment_with

DAYS = dg.DailyPartitionsDefinition("2025-01-01")
SECRET, PERSON = "a-word-that-is-secret", "ada@example.com"
SENTENCE = "Negative amounts found. No stored data was changed."


class Trials:
    """What happened in a test's run."""

    number = 0


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run(), retry_policy=dg.RetryPolicy(1))
def shaky(context: dg.AssetExecutionContext) -> None:
    """Fails the first time."""
    context.log.warning(f"Asked {PERSON} with {SECRET}\nand waited.")
    Trials.number += 1
    if Trials.number == 1:
        message = f"no answer from postgresql://reader:{SECRET}@host to 'Ada Lovelace' <{PERSON}>"
        raise ConnectionError(message)


@dg.asset_check(asset=shaky)
def adds_up() -> dg.AssetCheckResult:
    """Warns."""
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset(deps=[shaky], partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def refused() -> None:
    """Is refused."""
    raise RefusedError(SENTENCE)


@pytest.fixture
def production(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the logs of production."""
    config = yaml.safe_load((ROOT / "deploy" / "dagster" / "production.yaml").read_text())
    overrides = {"python_logs": config["python_logs"]}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as instance:
        yield instance


def run_and_read(
    instance: dg.DagsterInstance, log_format: str, capsys: pytest.CaptureFixture[str]
) -> list[dict[str, Any]]:
    """Run the assets; returns every line of standard output, parsed."""
    Trials.number = 0
    job = dg.Definitions([shaky, refused], asset_checks=[adds_up]).resolve_implicit_global_asset_job_def()
    with environment_with(
        {"SALES_LOG_FORMAT": log_format, "ERP_POSTGRES_URL": f"postgresql://r:{SECRET}@h/d"}
    ):
        tags = range_tags("2025-01-14", "2025-01-16")
        done = job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    assert not done.success
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.slow
def test_each_line_is_json_and_says_where_it_comes_from_without_a_secret(
    production: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run_and_read(production, "json", capsys)
    text = json.dumps(lines)
    assert SECRET not in text
    assert PERSON not in text
    assert "Lovelace" not in text
    assert [line["event"] for line in lines] == [
        "RUN_START",
        "STEP_START",
        "LOG",
        "STEP_UP_FOR_RETRY",
        "STEP_RESTARTED",
        "LOG",
        "ASSET_MATERIALIZATION",
        "ASSET_MATERIALIZATION",
        "ASSET_MATERIALIZATION",
        "STEP_SUCCESS",
        "STEP_START",
        "STEP_FAILURE",
        "STEP_START",
        "ASSET_CHECK_EVALUATION",
        "STEP_SUCCESS",
        "RUN_FAILURE",
    ]
    assert len({line["run_id"] for line in lines}) == 1
    assert {line["job"] for line in lines} == {"__ASSET_JOB"}
    first, logged, retry, again = lines[0], lines[2], lines[3], lines[5]
    assert first["partitions"] == "2025-01-14...2025-01-16"
    assert logged["message"] == "Asked [redacted] with [redacted ERP_POSTGRES_URL]\nand waited."
    assert (logged["step"], logged["attempt"], again["attempt"]) == ("shaky", 1, 2)
    assert retry["error_class"] == "ConnectionError"
    assert "in shaky" in retry["traceback"]
    assert retry["duration_seconds"] >= 0
    stored = [line for line in lines if line["event"] == "ASSET_MATERIALIZATION"]
    assert {line["asset"] for line in stored} == {"shaky"}
    assert [line["partitions"] for line in stored] == ["2025-01-14", "2025-01-15", "2025-01-16"]
    [check] = [line for line in lines if "check" in line]
    assert (check["asset"], check["check"], check["passed"]) == ("shaky", "adds_up", False)
    assert check["message"] == "adds_up failed (warn)."
    failure, end = lines[11], lines[-1]
    assert (failure["message"], failure["error_class"]) == (SENTENCE, "RefusedError")
    assert [line["level"] for line in (first, logged, failure)] == ["INFO", "WARNING", "ERROR"]
    assert end["duration_seconds"] >= failure["duration_seconds"]


@pytest.mark.slow
def test_without_the_setting_nothing_is_written_to_standard_output(
    production: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_and_read(production, "text", capsys) == []
