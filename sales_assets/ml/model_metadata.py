"""What the catalog and MLflow show of a model: who competed, who won, and a plot of what it forecasts."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.ml.artefact import Artefact, encode_artefact
from sales_assets.ml.mlflow_mirror import ModelRecord
from sales_assets.ml.series import TOTAL
from sales_assets.ml.training import forecast_with_model
from sales_assets.reports.drawings import can_draw, draw_markdown

_DAYS_SHOWN = 120


def describe_model(model: Artefact) -> Mapping[str, Any]:
    """The metadata of a model; without the extra `reports` there is no plot."""
    scores = pd.DataFrame(model.scores)
    shares = scores.columns.drop("candidate")
    table = scores.assign(**{name: scores[name].map("{:.1%}".format) for name in shares})
    metadata: dict[str, Any] = {
        "champion": model.champion,
        "candidates": dg.MetadataValue.md(table.to_markdown(index=False)),
        "windows": len(model.wape_by_origin),
        "history": f"{model.first_day} to {model.last_day}; {model.odd_days}",
        "verdict": " ".join(model.refusals) or "It is published.",
        **{name: float(model.score[name]) for name in ("wape", "wape_total", "bias_total")},
    }
    if can_draw():
        [plot] = draw_markdown({"Revenue and its forecast": draw_forecast(model)}).values()
        metadata["plot"] = dg.MetadataValue.md(plot)
    return metadata


def record_model(model: Artefact) -> ModelRecord:
    """What is mirrored of a model."""
    return ModelRecord(
        name="forecast_model",
        version=model.version,
        parameters={
            "champion": model.champion,
            "code_version": model.code_version,
            "first_day": model.first_day,
            "last_day": model.last_day,
            "published": str(not model.refusals).lower(),
        },
        metrics={name: float(value) for name, value in model.score.items() if name != "candidate"},
        artefact=encode_artefact(model).decode(),
    )


def draw_forecast(model: Artefact) -> Any:
    """Draw the total of the last 120 days, the forecast and its bands."""
    from sales_assets.reports.charts import plot_forecast  # noqa: PLC0415 - half a second

    total = model.history[TOTAL].tail(_DAYS_SHOWN).rename_axis("day").rename("revenue").reset_index()
    forecast = forecast_with_model(model)
    return plot_forecast(total, forecast[forecast["segment"] == TOTAL])
