"""What `customer_churn_scores` yields and notes: the result of its check, and how the scores were made."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.catalog.approvals import note_judgement
from sales_assets.catalog.names import AWAITS_A_PERSON, CHURN_CHECK, CHURN_SCORES_KEY, SKIPPED_PARTITIONS
from sales_assets.catalog.remedies import format_approval
from sales_assets.catalog.weeks import Week
from sales_assets.ml.churn.examples import OUTCOME_WEEKS
from sales_assets.ml.churn.training import ChurnScoring, tabulate_answers
from sales_assets.ml.mlflow_mirror import ModelRecord

_KEPT = "Scores that were published before stay as they are."


def note_scoring(instance: dg.DagsterInstance, scoring: ChurnScoring | None) -> bool:
    """Note whether the model waits for a person; see `approvals.note_judgement`."""
    if scoring is None:
        return False
    subject, faults = CHURN_SCORES_KEY.to_user_string(), " ".join(scoring.verdict.faults)
    return note_judgement(instance, CHURN_SCORES_KEY, subject, scoring.model.version, faults)


def build_result(scoring: ChurnScoring | None, *, is_held_back: bool) -> dg.AssetCheckResult:
    """The result of the check: whether the model may be published, or was approved, and how well it did."""
    if scoring is None:
        few = "Too few customers of the training weeks churned or stayed to learn from. "
        return _build_check_result(few + _KEPT, passed=False)
    verdict, week = scoring.verdict, scoring.weeks.judged.key
    table = {"answers": dg.MetadataValue.md(tabulate_answers(verdict))} if verdict.measured else {}
    won = f"The model beat the base rate and recency alone on the customers of the week of {week}."
    faults, how = " ".join(verdict.faults), format_approval(CHURN_SCORES_KEY.to_user_string())
    lost = f"The scores are not published. {faults} {how} {_KEPT}"
    approved = f"The model was approved by a person. {faults}" if faults else won
    waiting = {AWAITS_A_PERSON: True} if is_held_back else {}
    return _build_check_result(
        lost if is_held_back else approved,
        passed=not is_held_back,
        metadata={**scoring.metrics, **table, **waiting},
    )


def report_too_little_history(week: Week) -> dg.AssetCheckResult:
    """The result of the check if there is no week to learn from: a warning, for time mends it."""
    weeks = 2 * OUTCOME_WEEKS
    sentence = (
        f"Nothing was scored: a model for the week of {week.key} needs the stored features of the weeks "
        f"{OUTCOME_WEEKS} and {weeks} before it. {_KEPT} If gold has the days, backfill customer_features."
    )
    return _build_check_result(sentence, passed=False, severity=dg.AssetCheckSeverity.WARN)


def build_scores(scoring: ChurnScoring, weeks: Sequence[Week]) -> dg.Output[pd.DataFrame]:
    """The output: the scores of the last of a run's weeks; the others keep what they have."""
    model = json.loads(scoring.model.to_json())
    skipped = {SKIPPED_PARTITIONS: [week.key for week in weeks[:-1]]} if len(weeks) > 1 else {}
    published = {**scoring.parameters, "published": "true"}
    metadata = {"model": model, "version": scoring.model.version, **published, **scoring.metrics}
    return dg.Output(scoring.scores, metadata={**metadata, **skipped})


def record_scoring(scoring: ChurnScoring) -> ModelRecord:
    """What is mirrored of the model; no customer is in it."""
    return ModelRecord(
        name="customer_churn_scores",
        version=scoring.model.version,
        parameters=scoring.parameters,
        metrics=scoring.metrics,
        artefact=scoring.model.to_json(),
    )


def _build_check_result(
    sentence: str,
    *,
    passed: bool,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=CHURN_CHECK.name,
        passed=passed,
        severity=severity,
        description=sentence,
        metadata=metadata or {},
    )
