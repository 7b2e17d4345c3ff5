"""The figures at the top of the page, from `key_figures.py`, as texts."""

import pandas as pd

from sales_assets.reports.key_figures import Figures, compare_with_year_before, summarize_daily_sales

_BY_DAY = ["order_date", "channel", "currency"]

Card = tuple[str, str, str]
"""Title, value and a note."""


def find_figures(sales: pd.DataFrame) -> Figures:
    """Return the key figures of the last day, week and four weeks; none without sales.

    Args:
        sales: `order_date`, `channel`, `currency`, `order_count`, `total_amount`.
    """
    if sales.empty:
        return {}
    by_day = sales.groupby(_BY_DAY, as_index=False)[["order_count", "total_amount"]].sum()
    return {**summarize_daily_sales(by_day), **compare_with_year_before(by_day)}


def build_cards(figures: Figures) -> list[Card]:
    """Return the figures as cards: the orders, then revenue of day and week for each currency."""
    if not figures:
        return []
    when = f"on {figures['last_day']}"
    cards = [("Orders", f"{figures['orders_of_last_day']:,}", f"{when}, all channels")]
    prefix = "revenue_of_last_day_"
    for code in sorted(name.removeprefix(prefix) for name in figures if name.startswith(prefix)):
        currency = code.upper()
        week = _format_change(figures.get(f"week_on_week_{code}"), "the week before")
        year = _format_change(figures.get(f"year_on_year_{code}"), "a year before")
        cards += [
            (f"Revenue of the day, {currency}", f"{figures[prefix + code]:,.2f}", when),
            (f"Revenue of seven days, {currency}", f"{figures[f'revenue_of_week_{code}']:,.2f}", week),
            (f"Revenue of four weeks, {currency}", f"{figures[f'revenue_of_four_weeks_{code}']:,.2f}", year),
        ]
    return cards


def _format_change(share: float | None, words: str) -> str:
    return f"no {words} to compare with" if share is None else f"{share:+.1%} against {words}"
