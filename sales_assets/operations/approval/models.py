"""Publishes a model that the check held back, when a person approves it."""

import dagster as dg

from sales_assets.catalog.approvals import Entry, record_approval
from sales_assets.catalog.names import FORECAST_MODEL_KEY
from sales_assets.ml.model_io_manager import ModelIOManager

MODEL_SUBJECTS = {FORECAST_MODEL_KEY.to_user_string(): FORECAST_MODEL_KEY}
"""The models that may wait for approval, by the name under which they do."""


def approve_model(
    instance: dg.DagsterInstance, models: ModelIOManager, subject: str, *, by: str, why: str
) -> Entry:
    """Approve a model and publish it, as it was trained; its next forecast is made from it.

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
    models.open(asset).publish(held.content)
    return held
