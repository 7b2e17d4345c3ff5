"""One week's churn scores, from the examples to the verdict, and what is told of them.

The parts belong to their own modules; whether and where scores are stored is up to the asset.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sales_assets.catalog.weeks import Week
from sales_assets.ml.churn.examples import ChurnWeeks, read_examples, take_share
from sales_assets.ml.churn.judge import (
    BASE_RATE,
    MODEL,
    RECENCY_ALONE,
    ChurnVerdict,
    judge_churn_model,
)
from sales_assets.ml.churn.model import ALL_INPUTS, RECENCY, ChurnModel, train_churn_model
from sales_assets.ml.features import read_features
from sales_assets.warehouse.engine import WarehouseReader


@dataclass(frozen=True)
class ChurnScoring:
    """What a week's scores are, and how they came about.

    Attributes:
        model: The model.
        verdict: Whether it may be published.
        scores: The columns of `CHURN_SCORES_SCHEMA`; a row per customer of the week.
        weeks: The past weeks that it was made with.
    """

    model: ChurnModel
    verdict: ChurnVerdict
    scores: pd.DataFrame
    weeks: ChurnWeeks

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the model was made of, as text."""
        return {
            "trained_on": ", ".join(week.key for week in self.weeks.training),
            "judged_on": self.weeks.judged.key,
            "inputs": ", ".join(self.model.inputs),
            "published": str(not self.verdict.faults).lower(),
        }

    @property
    def metrics(self) -> Mapping[str, float]:
        """How well the model and the simpler answers did."""
        measured = {
            f"{name}_{each.name.replace(' ', '_')}": value
            for each in self.verdict.measured
            for name, value in (("auc", each.auc), ("brier", each.brier))
        }
        mean = float(self.scores["churn_probability"].mean())
        found = {"churned": self.verdict.churned, "mean_score": mean, "shift": self.verdict.shift}
        return {**measured, **found}


def score_week(warehouse: WarehouseReader, week: Week, weeks: ChurnWeeks) -> ChurnScoring | None:
    """Train a model on past weeks, judge it, and score a week with it.

    Args:
        warehouse: Has the features of all these weeks, and gold.
        week: The week to score.
        weeks: The past weeks; see `choose_churn_weeks`.

    Returns:
        None if the customers of the training weeks all have the same outcome.
    """
    with warehouse.connect() as reader:
        training = [take_share(read_examples(reader, each)) for each in weeks.training]
        judged, features = read_examples(reader, weeks.judged), read_features(reader, week)
    examples = pd.concat(training, ignore_index=True)
    if not _has_both_outcomes(examples):
        return None
    model, recency = (train_churn_model(examples, inputs) for inputs in (ALL_INPUTS, RECENCY))
    probabilities = model.predict(features)
    answers = {
        MODEL: model.predict(judged),
        RECENCY_ALONE: recency.predict(judged),
        BASE_RATE: np.full(len(judged), float(examples["churned"].mean())),
    }
    verdict = judge_churn_model(answers, judged["churned"].to_numpy(dtype=bool), probabilities)
    scores = features[["week", "customer_id"]].assign(churn_probability=probabilities, model=model.version)
    return ChurnScoring(model, verdict, scores, weeks)


def tabulate_answers(verdict: ChurnVerdict) -> str:
    """How well the model and the simpler answers did, as a Markdown table."""
    rows = [(each.name, f"{each.auc:.4f}", f"{each.brier:.4f}") for each in verdict.measured]
    table = pd.DataFrame(rows, columns=["answer", "AUC", "Brier score"])
    return str(table.to_markdown(index=False, disable_numparse=True))


def _has_both_outcomes(examples: pd.DataFrame) -> bool:
    """Whether customers of either outcome are in more than one fold of the calibration."""
    return bool((examples.groupby("churned")["customer_id"].nunique() >= 30).sum() == 2)
