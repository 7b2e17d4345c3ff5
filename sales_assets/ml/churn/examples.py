"""The examples of a churn model: customers of past weeks, whose outcome is known by now.

What is learned from them belongs to `model.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

import pandas as pd

from sales_assets.catalog.weeks import Week, week_before
from sales_assets.ml.features import read_features
from sales_assets.warehouse.engine import WarehouseReader

OUTCOME_DAYS = 90
"""A customer without an order in so many days after the week has churned."""

OUTCOME_WEEKS = 13
"""The whole weeks until the outcome of a week is known."""

_TRAINING_WEEKS = 6
_WEEKS_APART = 4
MOST_EXAMPLES = 20_000
"""Of so many customers a week a model learns: eleven coefficients are no surer for more."""

_BUYERS = (files("sales_assets.ml") / "sql" / "churn_buyers.sql").read_text()


@dataclass(frozen=True)
class ChurnWeeks:
    """The past weeks that a week's scores are made with.

    Attributes:
        training: What the model learns from, in order; their outcomes are known at the end of `judged`.
        judged: What the model is judged by; its outcomes are known at the end of the week that is scored.
    """

    training: tuple[Week, ...]
    judged: Week

    @property
    def outcome_days(self) -> tuple[date, date]:
        """The first of the days that decide the outcomes, and the day after the last."""
        return self.training[0].day_after, _end_of_outcome(self.judged)


def choose_churn_weeks(scored: Week, stored: Collection[str]) -> ChurnWeeks | None:
    """Choose the weeks to learn from and to judge by, none of whose outcomes overlap.

    Args:
        scored: The week to score.
        stored: The weeks that have stored features, by key.

    Returns:
        None if there is no week to learn from, or none to judge by.
    """
    judged = week_before(scored, OUTCOME_WEEKS)
    before = [2 * OUTCOME_WEEKS + _WEEKS_APART * number for number in reversed(range(_TRAINING_WEEKS))]
    candidates = [week_before(scored, weeks) for weeks in before]
    training = tuple(week for week in candidates if week and week.key in stored)
    return ChurnWeeks(training, judged) if training and judged and judged.key in stored else None


def read_examples(warehouse: WarehouseReader, week: Week) -> pd.DataFrame:
    """Read the features of a past week, with the outcome.

    Args:
        warehouse: Has the features and gold.
        week: A week that ended 90 days ago or earlier.

    Returns:
        The columns of the features, and `churned`; a row per customer, in the order of their ids.
    """
    features = read_features(warehouse, week)
    buyers = warehouse.query(_BUYERS, [week.day_after, _end_of_outcome(week)])["customer_id"]
    return features.assign(churned=~features["customer_id"].isin(buyers))


def take_share(examples: pd.DataFrame, most: int = MOST_EXAMPLES) -> pd.DataFrame:
    """Take at most so many examples of a week: every second customer, or third and so on, by their order."""
    share = -(-len(examples) // most)
    return examples.iloc[::share] if share > 1 else examples


def _end_of_outcome(week: Week) -> date:
    return week.day_after + timedelta(days=OUTCOME_DAYS)
