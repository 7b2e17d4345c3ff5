"""The check that only a model is published that is better than no model."""

import dagster as dg

from sales_assets.catalog.approvals import Entry, State, read_entries, record_entry
from sales_assets.catalog.names import FORECAST_MODEL_KEY
from sales_assets.catalog.remedies import format_approval
from sales_assets.ml.artefact import Artefact
from sales_assets.ml.model_io_manager import ModelIOManager

_SUBJECT = FORECAST_MODEL_KEY.to_user_string()


@dg.asset_check(asset=FORECAST_MODEL_KEY, blocking=True)
def model_beats_the_baselines(
    context: dg.AssetCheckExecutionContext, model_io_manager: dg.ResourceParam[ModelIOManager]
) -> dg.AssetCheckResult:
    """The model beats both baselines on past months, steadily, and not by more than is believable.

    If it fails, the last published model and its forecasts stay. Look at the table of candidates in the
    model's metadata: noise needs nothing; what is too good may know the future. To publish it all the same,
    use `sales-assets approve forecast_model --why …` or `approve_job`, then materialize `sales_forecast`.
    """
    model = model_io_manager.open(FORECAST_MODEL_KEY).read_latest()
    if model is None:
        return dg.AssetCheckResult(passed=False, description="No model was trained yet.")
    is_held_back = _note(context.instance, model)
    score = model.score
    won = f"{model.champion} is published: WAPE {score['wape']:.1%} over {len(model.wape_by_origin)} months."
    held = f"{model.champion} is not published. {' '.join(model.refusals)} {format_approval(_SUBJECT)}"
    return dg.AssetCheckResult(
        passed=not is_held_back,
        description=held if is_held_back else won,
        metadata={"champion": model.champion, "version": model.version, "wape": float(score["wape"])},
    )


def _note(instance: dg.DagsterInstance, model: Artefact) -> bool:
    """Note whether a model waits for a person, which it does not if one has approved it."""
    latest = next(iter(read_entries(instance, FORECAST_MODEL_KEY).get(_SUBJECT, [])), None)
    held = Entry(_SUBJECT, State.HELD_BACK, model.version, " ".join(model.refusals))
    if latest and latest.state is State.APPROVED and latest.content == model.version:
        return False
    if model.refusals and latest != held:
        record_entry(instance, FORECAST_MODEL_KEY, held)
    elif not model.refusals and latest and latest.state is State.HELD_BACK:
        reason = "A later model passed."
        record_entry(instance, FORECAST_MODEL_KEY, Entry(_SUBJECT, State.RELEASED, model.version, reason))
    return bool(model.refusals)
