"""What the errors of a backtest say: WAPE, bias, and how often a candidate was within its bands.

WAPE is the sum of absolute errors as a share of the sum of revenue: an error of one day costs what it costs,
and a day without sales divides nothing by zero.
"""

from collections.abc import Iterable

import pandas as pd

from sales_assets.ml.candidates.competition import BASELINES, COMPETITORS
from sales_assets.ml.intervals import measure_coverage
from sales_assets.ml.series import TOTAL


def measure_wape(backtest: pd.DataFrame, candidate: str) -> float:
    """Sum of a candidate's absolute errors as a share of revenue, over the rows given; 1 without any."""
    revenue = backtest["actual"].abs().sum()
    return float((backtest[candidate] - backtest["actual"]).abs().sum() / revenue) if revenue else 1.0


def find_best(backtest: pd.DataFrame, candidates: Iterable[str]) -> str:
    """Find the candidate with the lowest WAPE over the rows given."""
    return min(candidates, key=lambda name: measure_wape(backtest, name))


def score_candidates(backtest: pd.DataFrame) -> pd.DataFrame:
    """Score every candidate, the best first.

    Args:
        backtest: See `backtest.run_backtest`.

    Returns:
        By candidate: `wape` over all series, `wape_total` and `bias_total` of the total, and over all series
        `coverage_80` and `coverage_95`; all are shares.
    """
    total = backtest[backtest["series"] == TOTAL]
    rows = [
        {
            "candidate": name,
            "wape": measure_wape(backtest, name),
            "wape_total": measure_wape(total, name),
            "bias_total": float((total[name] - total["actual"]).sum() / total["actual"].sum()),
            **measure_coverage(backtest, name),
        }
        for name in (*BASELINES, *COMPETITORS)
    ]
    return pd.DataFrame(rows).sort_values("wape", ignore_index=True)


def wape_by_origin(backtest: pd.DataFrame, candidate: str) -> dict[str, float]:
    """The WAPE of a candidate over all series in each window, by its first day as YYYY-MM-DD."""
    return {
        f"{origin:%Y-%m-%d}": measure_wape(rows, candidate) for origin, rows in backtest.groupby("origin")
    }
