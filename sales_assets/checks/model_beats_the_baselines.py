"""The check that only a model is published that is better than no model."""

import dagster as dg

from sales_assets.catalog.approvals import note_judgement
from sales_assets.catalog.names import AWAITS_A_PERSON, FORECAST_MODEL_KEY, MODEL_CHECK
from sales_assets.catalog.remedies import format_approval
from sales_assets.ml.model_io_manager import ModelIOManager

_SUBJECT = FORECAST_MODEL_KEY.to_user_string()


@dg.asset_check(name=MODEL_CHECK.name, asset=FORECAST_MODEL_KEY, blocking=True)
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
    is_held_back = note_judgement(
        context.instance, FORECAST_MODEL_KEY, _SUBJECT, model.version, " ".join(model.refusals)
    )
    score = model.score
    won = f"{model.champion} is published: WAPE {score['wape']:.1%} over {len(model.wape_by_origin)} months."
    held = f"{model.champion} is not published. {' '.join(model.refusals)} {format_approval(_SUBJECT)}"
    return dg.AssetCheckResult(
        passed=not is_held_back,
        description=held if is_held_back else won,
        metadata={
            "champion": model.champion,
            "version": model.version,
            "wape": float(score["wape"]),
            **({AWAITS_A_PERSON: True} if is_held_back else {}),
        },
    )
