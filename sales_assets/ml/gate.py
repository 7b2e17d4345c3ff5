"""The gate: whether a candidate may be published. Each rule that it breaks is a sentence for a person.

The rules are stricter than "better on average", because what is published is one forecast of one month.
"""

from collections.abc import Iterator, Mapping
from statistics import mean

import pandas as pd

from sales_assets.ml.candidates.competition import BASELINES
from sales_assets.ml.scores import find_best, measure_wape, wape_by_origin
from sales_assets.ml.series import TOTAL

LEAST_GAIN = 0.1
"""By what share of its error a candidate beats each baseline at least."""

MOST_GAIN = 0.6
"""Whoever beats the best baseline by more than this share of its error is suspected of knowing the future."""

_TOGETHER = 2
"""In that many windows in a row, a candidate is no worse than the best baseline: one alone may be chance."""

RECENT = (1, 3)
"""In that many latest windows, a candidate is no worse than the baseline that is best of late."""

MARGIN = 0.1
"""By what share a candidate's error may exceed that of the last published one, on the same windows."""


def judge(backtest: pd.DataFrame, candidate: str, published: Mapping[str, float]) -> list[str]:
    """Judge a candidate.

    Args:
        backtest: See `backtest.run_backtest`.
        candidate: The column with its forecasts.
        published: The WAPE of the last published model by the first day of each window; empty without one.

    Returns:
        Why it must not be published, as sentences; empty if it may be.
    """
    return [
        *_compare_gain(backtest, candidate),
        *_compare_windows(backtest, candidate),
        *_compare_latest(backtest, candidate),
        *_compare_with_published(wape_by_origin(backtest, candidate), published),
    ]


def _compare_gain(backtest: pd.DataFrame, candidate: str) -> Iterator[str]:
    for where, rows in _split(backtest):
        own = measure_wape(rows, candidate)
        for baseline in BASELINES:
            other = measure_wape(rows, baseline)
            if own >= other * (1 - LEAST_GAIN):
                yield (
                    f"Its error {where} is {own:.1%} and that of {baseline} is {other:.1%}; "
                    f"it has to be less by {LEAST_GAIN:.0%}."
                )
        best = min(measure_wape(rows, baseline) for baseline in BASELINES)
        if own < best * (1 - MOST_GAIN):
            yield (
                f"Its error {where} is {own:.1%}, where the best baseline has {best:.1%}. "
                "That is too good to be true: does it know the future?"
            )


def _compare_windows(backtest: pd.DataFrame, candidate: str) -> Iterator[str]:
    best = find_best(backtest, BASELINES)
    origins = sorted(backtest["origin"].unique())
    for number in range(len(origins) - _TOGETHER + 1):
        rows = backtest[backtest["origin"].isin(origins[number : number + _TOGETHER])]
        own, other = measure_wape(rows, candidate), measure_wape(rows, best)
        if own > other:
            yield (
                f"In {_TOGETHER} windows in a row, from {origins[number]:%Y-%m-%d} on, its error was "
                f"{own:.1%}, and that of {best} {other:.1%}."
            )
            return


def _compare_latest(backtest: pd.DataFrame, candidate: str) -> Iterator[str]:
    origins = sorted(backtest["origin"].unique())
    for where, rows in _split(backtest):
        best = find_best(rows[rows["origin"].isin(origins[-max(RECENT) :])], BASELINES)
        for many in RECENT:
            latest = rows[rows["origin"].isin(origins[-many:])]
            own, other = measure_wape(latest, candidate), measure_wape(latest, best)
            if own > other:
                yield (
                    f"Its error {where} in the latest {many} window(s) was {own:.1%}, and that of {best} "
                    f"{other:.1%}."
                )


def _compare_with_published(own: Mapping[str, float], published: Mapping[str, float]) -> Iterator[str]:
    common = sorted(own.keys() & published.keys())
    if not common:
        return
    now, before = (mean(each[origin] for origin in common) for each in (own, published))
    if now > before * (1 + MARGIN):
        yield (
            f"In {len(common)} windows that both were tried on, its error is {now:.1%}, and that of the last "
            f"published model {before:.1%}."
        )


def _split(backtest: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    total = backtest[backtest["series"] == TOTAL]
    return [("over all series", backtest), ("in total", total)]
