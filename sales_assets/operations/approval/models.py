"""Publishes a model that the check held back, when a person approves it."""

import dagster as dg

from sales_assets.catalog.approvals import Entry, record_approval
from sales_assets.catalog.names import CHURN_SCORES_KEY, FORECAST_MODEL_KEY
from sales_assets.ml.model_io_manager import ModelIOManager

MODEL_SUBJECTS = {key.to_user_string(): key for key in (FORECAST_MODEL_KEY, CHURN_SCORES_KEY)}
"""The models that may wait for approval, by the name under which they do."""


_NEXT_STEPS = {
    FORECAST_MODEL_KEY: "Materialize sales_forecast, which is made with it.",
    CHURN_SCORES_KEY: "Materialize customer_churn_scores again for the same week.",
}


def describe_next_step(subject: str) -> str:
    """What to do after a model of `MODEL_SUBJECTS` was approved, as a sentence."""
    return _NEXT_STEPS[MODEL_SUBJECTS[subject]]


def approve_model(
    instance: dg.DagsterInstance, models: ModelIOManager, subject: str, *, by: str, why: str
) -> Entry:
    """Approve a model as it was trained.

    That of the forecast is published at once. A model of churn is trained again when its week is run
    again: the same data makes the same model, and another one needs another approval.

    Args:
        instance: Records the approval.
        models: Keeps the models.
        subject: One of `MODEL_SUBJECTS`.
        by: Who approves.
        why: The reason.

    Returns:
        What was held back.

    Raises:
        RefusedError: It does not wait for approval, or it is not said who approves and why.
    """
    asset = MODEL_SUBJECTS[subject]
    held = record_approval(instance, asset, subject, by=by, why=why)
    if asset == FORECAST_MODEL_KEY:
        models.open(asset).publish(held.content)
    return held
