"""When a day's figure is outside the band of the days before it."""

import pandas as pd
import pytest

from sales_assets.transforms.bands import find_outside

DAYS = pd.date_range("2025-01-06", periods=63)
"""Nine weeks, from a Monday on."""
LAST = f"{DAYS[-1]:%Y-%m-%d}"


def figures(last: float, days: int = 63) -> pd.Series:
    """400 on weekdays and 100 at weekends, a little more on every third day; the last is a Sunday."""
    values = [(400.0 if day.weekday() < 5 else 100.0) + 3 * (day.day % 3) for day in DAYS]
    return pd.Series([*values[:-1], last], index=DAYS).tail(days)


def judge(figures: pd.Series, *days: str) -> list[tuple[str, bool]]:
    found = find_outside(figures, days or [LAST], lambda expected: expected**0.5, by_weekday=True)
    return [("below" if verdict.deviations < 0 else "above", verdict.is_far) for verdict in found]


@pytest.mark.parametrize(
    ("actual", "verdict"),
    [
        (100, []),
        (155, []),
        (45, []),
        (170, [("above", False)]),
        (35, [("below", False)]),
        (400, [("above", True)]),
    ],
)
def test_a_day_is_compared_with_its_own_weekday(actual: float, verdict: list[tuple[str, bool]]) -> None:
    assert judge(figures(actual)) == verdict


def test_a_day_with_too_little_history_is_not_judged() -> None:
    assert judge(figures(4000, days=29)) == [("above", True)]
    assert judge(figures(4000, days=28)) == []
    assert find_outside(figures(0, days=28), [LAST], lambda _: 1, by_weekday=False) == []
    assert len(find_outside(figures(4000, days=29), [LAST], lambda _: 1, by_weekday=False)) == 1
    assert judge(figures(4000), "2030-01-01") == []


def test_an_odd_day_in_the_history_does_not_move_the_band() -> None:
    odd = figures(170)
    odd.iloc[-8] = 100_000
    assert judge(odd) == [("above", False)]
