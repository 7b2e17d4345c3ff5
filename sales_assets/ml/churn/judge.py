"""Whether a churn model may be published: it has to beat simpler answers on a week that it has not seen.

How well a model does is measured by AUC (does it order customers rightly) and the Brier score (are its
probabilities right; less is better). Nothing here trains a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

MODEL, RECENCY_ALONE, BASE_RATE = "model", "recency alone", "base rate"
"""The names of what is compared."""

_LEAST_OF_EACH = 30
_CERTAINTY = 2.33
"""Standard errors: by chance alone one model in a hundred would be as much better."""

_TOO_GOOD = 0.99
_MOST_SHIFT = 0.25
"""The usual limit of a population stability index: above it, the scores are of other customers."""


@dataclass(frozen=True)
class Measured:
    """How well one answer did.

    Attributes:
        name: What answered.
        auc: The area under the ROC curve, 0.5 for an answer that tells no customers apart.
        brier: The mean squared difference between probability and outcome.
    """

    name: str
    auc: float
    brier: float


@dataclass(frozen=True)
class ChurnVerdict:
    """What was found about a model.

    Attributes:
        faults: Why it may not be published, as sentences; empty if it may.
        measured: How well it and the simpler answers did.
        churned: The share of customers that churned, in the week that judges.
        shift: The population stability index between the scores of that week and the new ones.
    """

    faults: tuple[str, ...]
    measured: tuple[Measured, ...]
    churned: float
    shift: float


def judge_churn_model(
    answers: Mapping[str, np.ndarray], outcomes: np.ndarray, scores: np.ndarray
) -> ChurnVerdict:
    """Judge a model by a week that neither it nor the simpler answers have seen.

    Args:
        answers: The probability for each customer, by `MODEL`, `RECENCY_ALONE` and `BASE_RATE`.
        outcomes: Which of these customers churned.
        scores: The model's probabilities for the week that is going to be published.
    """
    outcomes = outcomes.astype(bool)
    counts = int(outcomes.sum()), int((~outcomes).sum())
    if min(counts) < _LEAST_OF_EACH:
        few = f"Only {counts[0]} customers churned and {counts[1]} did not: too few to judge a model by."
        return ChurnVerdict((few,), (), float(outcomes.mean()) if len(outcomes) else 0.0, 0.0)
    measured = tuple(
        Measured(name, float(_rank(answer, outcomes)[0].mean()), float(_errors(answer, outcomes).mean()))
        for name, answer in answers.items()
    )
    shift = measure_shift(answers[MODEL], scores)
    faults = [
        *(fault for name in (BASE_RATE, RECENCY_ALONE) for fault in _compare(answers, name, outcomes)),
        *_find_implausible(measured, shift),
    ]
    return ChurnVerdict(tuple(faults), measured, float(outcomes.mean()), shift)


def measure_shift(before: np.ndarray, after: np.ndarray) -> float:
    """Measure how far scores moved between two weeks, as their population stability index."""
    edges = np.unique(np.quantile(before, np.linspace(0.1, 0.9, 9)))
    classes = len(edges) + 1
    shares = [
        (np.bincount(np.searchsorted(edges, scores), minlength=classes) + 0.5) / (len(scores) + 0.5 * classes)
        for scores in (before, after)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _compare(answers: Mapping[str, np.ndarray], name: str, outcomes: np.ndarray) -> list[str]:
    """Find in what a model is not better than a simpler answer, by more than chance."""
    gained = _errors(answers[name], outcomes) - _errors(answers[MODEL], outcomes)
    ours, theirs = _rank(answers[MODEL], outcomes), _rank(answers[name], outcomes)
    differences = [mine - other for mine, other in zip(ours, theirs, strict=True)]
    deviation = sqrt(sum(float(each.var(ddof=1)) / len(each) for each in differences))
    found = {
        "Brier score": (float(gained.mean()), float(gained.std(ddof=1)) / sqrt(len(gained))),
        "AUC": (float(differences[0].mean()), deviation),
    }
    return [
        f"By its {score} it is not surely better than the {name}."
        for score, (gain, error) in found.items()
        if not gain > _CERTAINTY * error
    ]


def _find_implausible(measured: tuple[Measured, ...], shift: float) -> list[str]:
    found = []
    auc = next(each.auc for each in measured if each.name == MODEL)
    if auc > _TOO_GOOD:
        found.append(f"Its AUC is {auc:.3f}: so good is only a feature that knows the future.")
    if not shift <= _MOST_SHIFT:
        found.append(
            f"Its scores have a stability index of {shift:.2f} to those of the week that judged it, above "
            f"{_MOST_SHIFT}: the customers changed, days are missing, or a feature knew the future."
        )
    return found


def _errors(answer: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """The squared error of each probability."""
    return np.asarray((answer - outcomes) ** 2)


def _rank(answer: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each customer of one outcome, the share of the other's customers that it is ordered rightly with.

    The mean of either is the AUC, and by their variances DeLong's method tells its error.
    """
    churned, stayed = answer[outcomes], answer[~outcomes]
    return _share_below(stayed, churned), 1 - _share_below(churned, stayed)


def _share_below(of: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The share of some numbers that are below each value; those equal to it count half."""
    ordered = np.sort(of)
    positions = [np.searchsorted(ordered, values, side) for side in ("left", "right")]  # type: ignore[call-overload]
    return np.asarray((positions[0] + positions[1]) / (2 * len(of)))
