"""The churn model: a calibrated logistic regression over a week's features, kept as numbers, not as code.

Which examples it learns from belongs to `examples.py`, whether it may be published to `judge.py`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

RECENCY = ("recency_days",)
"""The input of the model that every other one has to beat."""

ALL_INPUTS = (
    "recency_days",
    "overdue",
    "tenure_days",
    "orders_4w",
    "orders_12w",
    "orders_52w",
    "revenue_12w",
    "revenue_52w",
    "average_basket",
    "discount_share",
    "days_between_orders",
)
"""The inputs: features, and `overdue`, the last order's age in usual days between two orders."""

_FOLDS = 5
_LEAST_DEVIATION = 1e-6
"""An input that varies by less is constant: what is left is the rounding of floats."""

_LONGEST_TENURE = 364
"""Days: a longer one says more of how old the data is than of the customer."""

_DIGITS = 10
"""Significant digits of the numbers that are kept: more differ between processors, and change no score."""


@dataclass(frozen=True)
class ChurnModel:
    """A model as its numbers, each a list in the order of the inputs.

    Attributes:
        inputs: The names of the inputs.
        means: What is subtracted from each.
        scales: What it is then divided by.
        coefficients: What it is then multiplied with.
        intercept: What is added to their sum; the logistic function of it is the probability.
    """

    inputs: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Return the probability of churn for each row of features, from 0 to 1."""
        inputs = build_inputs(features, self.inputs)
        sums = (inputs - self.means) / self.scales @ np.array(self.coefficients) + self.intercept
        return np.asarray(1 / (1 + np.exp(-sums)))

    def to_json(self) -> str:
        """Write the model as JSON: the same numbers give the same text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @property
    def version(self) -> str:
        """The model's name: a hash of its numbers."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


def train_churn_model(examples: pd.DataFrame, inputs: Sequence[str]) -> ChurnModel:
    """Train a model, and calibrate it on customers that it did not learn from.

    Args:
        examples: The features and `churned`; both outcomes occur.
        inputs: The inputs to use, of `ALL_INPUTS`.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds; the extra `ml`
    from sklearn.model_selection import PredefinedSplit, cross_val_predict  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    values = build_inputs(examples, inputs)
    means, deviations = values.mean(axis=0), values.std(axis=0)
    scales = np.where(deviations > _LEAST_DEVIATION, deviations, 1.0)
    scaled, outcomes = (values - means) / scales, examples["churned"].to_numpy(dtype=bool)
    folds = PredefinedSplit(examples["customer_id"].to_numpy(dtype="int64") % _FOLDS)
    with threadpool_limits(1):  # more threads add up in another order, and so to other numbers
        regression = LogisticRegression(max_iter=1000)
        unseen = cross_val_predict(regression, scaled, outcomes, cv=folds, method="decision_function")
        calibration = LogisticRegression(C=np.inf).fit(unseen.reshape(-1, 1), outcomes)
        regression.fit(scaled, outcomes)
    slope, shift = float(calibration.coef_[0, 0]), float(calibration.intercept_[0])
    return ChurnModel(
        tuple(inputs),
        _round(means),
        _round(scales),
        _round(slope * regression.coef_[0]),
        *_round([slope * float(regression.intercept_[0]) + shift]),
    )


def build_inputs(features: pd.DataFrame, inputs: Sequence[str]) -> np.ndarray:
    """Build the inputs from features, without nulls: a matrix with a row per customer.

    Amounts, numbers and days count by their logarithm: from one order to two is as far as from ten to twenty.
    """
    recency, tenure = _floats(features["recency_days"]), _floats(features["tenure_days"])
    gaps = _floats(features["days_between_orders"]).fillna(tenure)
    derived = {
        "overdue": recency / (1 + gaps),
        "tenure_days": tenure.clip(upper=_LONGEST_TENURE),
        "days_between_orders": gaps,
    }
    columns = [derived[name] if name in derived else _floats(features[name]) for name in inputs]
    shares = [column if column.name == "discount_share" else np.log1p(column) for column in columns]
    return np.column_stack(shares)


def _floats(values: pd.Series) -> pd.Series:
    return values.astype("float64")


def _round(numbers: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    return tuple(float(f"{number:.{_DIGITS}g}") for number in numbers)
