"""Mirrors trained models in MLflow, if `MLFLOW_TRACKING_URI` is set. Nothing here is read by the pipeline.

What is stored and published is the warehouse's and the model store's; an outage of MLflow is a warning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import dagster as dg

from sales_assets.redaction import redact_error
from sales_assets.settings import Settings, exported

_QUICK = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Seconds and repetitions of a request to the server; and nothing is told to MLflow's makers."""

_VERSION = "sales.version"


@dataclass(frozen=True)
class ModelRecord:
    """What is mirrored of a trained model.

    Attributes:
        name: The asset's; the name of MLflow's experiment.
        version: The version of the model; a version is mirrored once.
        parameters: What it was made of.
        metrics: How well it did.
        artefact: The model as JSON.
    """

    name: str
    version: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    artefact: str


def mirror_model(record: ModelRecord, settings: Settings) -> None:
    """Write a run with parameters, metrics and artefact to MLflow; log a warning if that fails."""
    if not settings.has_mlflow:
        return
    log = dg.get_dagster_logger()
    kept = f"{record.name} {record.version} is not mirrored in MLflow, and complete without it."
    if find_spec("mlflow") is None:
        log.warning(f"{kept} MLFLOW_TRACKING_URI is set, but the extra `mlflow` is not installed.")
        return
    try:
        with exported(_QUICK):
            _write(record, (settings.data_dir / "mlflow").as_uri())
    except Exception as error:
        log.warning(f"{kept} Run the asset again when this is mended: {redact_error(str(error))}")


def _write(record: ModelRecord, files: str) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415 - five seconds, and an extra
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415

    client = MlflowClient()
    found = client.get_experiment_by_name(record.name)
    # A server knows where its artefacts go; without one, MLflow would put them into the current folder.
    place = None if client.tracking_uri.startswith("http") else f"{files}/{record.name}"
    experiment = found.experiment_id if found else client.create_experiment(record.name, place)
    if client.search_runs([experiment], f"tags.`{_VERSION}` = '{record.version}' and status = 'FINISHED'"):
        return
    run = client.create_run(experiment, run_name=record.version).info
    client.log_batch(
        run.run_id,
        metrics=[Metric(name, value, run.start_time, 0) for name, value in record.metrics.items()],
        params=[Param(name, value) for name, value in record.parameters.items()],
        tags=[RunTag(_VERSION, record.version)],
    )
    client.log_text(run.run_id, record.artefact, "model.json")
    client.set_terminated(run.run_id)
