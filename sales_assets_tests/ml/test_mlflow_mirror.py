"""Trained models are mirrored in a real MLflow on SQLite; without it, or while it is away, nothing stops."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sales_assets.ml.mlflow_mirror import ModelRecord, mirror_model
from sales_assets.settings import Settings, parse_settings

if TYPE_CHECKING:
    import mlflow

RECORD = ModelRecord("forecast_model", "abc", {"champion": "average"}, {"wape": 0.12}, '{"bands": {}}')


@pytest.fixture
def tracking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "mlflow.MlflowClient":
    import mlflow  # noqa: PLC0415 - two seconds for each test process

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    return mlflow.MlflowClient(uri)


@pytest.mark.slow
def test_a_version_is_mirrored_once_with_parameters_metrics_and_artefact(
    tracking: "mlflow.MlflowClient", tmp_path: Path
) -> None:
    settings = Settings(has_mlflow=True, data_dir=tmp_path / "data")
    mirror_model(RECORD, settings)
    mirror_model(RECORD, settings)
    experiment = tracking.get_experiment_by_name("forecast_model")
    assert experiment is not None
    [run] = tracking.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params == {"champion": "average"}
    assert run.data.metrics == {"wape": 0.12}
    [artefact] = (tmp_path / "data" / "mlflow").rglob("model.json")
    assert artefact.read_text() == RECORD.artefact


def test_a_server_that_is_away_is_a_warning_without_the_password_in_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:hidden-word@127.0.0.1:1")
    with caplog.at_level(logging.WARNING):
        mirror_model(RECORD, Settings(has_mlflow=True))
    [warning] = [each.getMessage() for each in caplog.records if "MLflow" in each.getMessage()]
    assert warning.startswith("forecast_model abc is not mirrored in MLflow, and complete without it.")
    assert "hidden-word" not in warning


def test_nothing_is_mirrored_unless_it_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    assert not parse_settings({}).has_mlflow
    assert parse_settings({"MLFLOW_TRACKING_URI": "sqlite:///x.db"}).has_mlflow
    mirror_model(RECORD, parse_settings({}))
    assert caplog.records == []
