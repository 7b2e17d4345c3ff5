"""Who wins the backtest: the candidate with the lowest WAPE of those that may be published."""

from collections.abc import Mapping

import pandas as pd

from sales_assets.ml.candidates.competition import AVERAGE, COMPETITORS
from sales_assets.ml.gate import judge
from sales_assets.ml.scores import measure_wape

HANDICAP = 0.1
"""By what share of its error a single model has to be better than the average to take its place.

What is a little better in the past is often so by chance; the average depends on no model being right.
"""


def choose_champion(backtest: pd.DataFrame, published: Mapping[str, float]) -> tuple[str, list[str]]:
    """Choose the candidate to publish, one for all series: which is best for a segment is mostly chance.

    Args:
        backtest: See `backtest.run_backtest`.
        published: See `gate.judge`.

    Returns:
        The candidate, and why it must not be published; empty if it may be.
    """
    handicaps = {name: 0.0 if name == AVERAGE else HANDICAP for name in COMPETITORS}
    ranked = sorted(COMPETITORS, key=lambda name: measure_wape(backtest, name) * (1 + handicaps[name]))
    judged = {name: judge(backtest, name, published) for name in ranked}
    first = next((name for name, reasons in judged.items() if not reasons), ranked[0])
    return first, judged[first]
