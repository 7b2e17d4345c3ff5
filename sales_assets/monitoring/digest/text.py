"""The digest's figures as lines of text, without Dagster: pure functions."""

from collections.abc import Iterable, Sequence

import pandas as pd

MOST_ANOMALIES = 5


def describe_sales(sales: pd.DataFrame) -> list[str]:
    """One line for each channel and currency.

    Args:
        sales: `channel`, `currency`, `order_count` and `revenue` of the day, `order_count_before` and
            `revenue_before` of the same weekday a week before.
    """
    lines = [
        f"{row['channel']}: {_format_sales(row['order_count'], row['revenue'], row['currency'])}; "
        f"a week before {_format_sales(row['order_count_before'], row['revenue_before'], row['currency'])}"
        f"{_format_change(float(row['revenue']), float(row['revenue_before']))}."
        for row in sales.to_dict("records")
    ]
    return lines or ["No channel has sales."]


def describe_anomalies(anomalies: pd.DataFrame) -> list[str]:
    """One line for each of the most unusual combinations, and how many more there are.

    Args:
        anomalies: `channel`, `segment` and `reason`, a sentence, the most unusual first.
    """
    rows = [f"Unusual: {row.channel}, {row.segment}. {row.reason}" for row in anomalies.itertuples()]
    more = [f"Unusual: {len(rows) - MOST_ANOMALIES} more, in gold.sales_anomalies."]
    return [*rows[:MOST_ANOMALIES], *(more if len(rows) > MOST_ANOMALIES else [])]


def list_rejected(rejected: pd.DataFrame) -> list[str]:
    """One line for the orders that were rejected; none if there are none.

    Args:
        rejected: `rule` and `order_count`.
    """
    rules = [f"{int(row['order_count']):,} {row['rule']}" for row in rejected.to_dict("records")]
    return [f"Rejected orders: {', '.join(rules)}."] if rules else []


def describe_stored_again(days: str) -> list[str]:
    """One line for the earlier days that were stored again since yesterday; none if there are none."""
    return [f"Stored again, after changes in the ERP or by repair or backfill: {days}."] if days else []


def describe_problems(problems: Iterable[tuple[str, str]]) -> list[str]:
    """One line for each sort of problem that is open.

    Args:
        problems: What is said of the sort, such as `Failed`, and what it is about, such as `raw_orders`.
    """
    by_sort: dict[str, list[str]] = {}
    for sort, subject in problems:
        by_sort.setdefault(sort, []).append(subject)
    lines = [f"{sort}: {', '.join(_cut(subjects))}." for sort, subjects in by_sort.items()]
    return lines or ["Nothing is failed, late or missing."]


def _cut(subjects: Sequence[str], most: int = 8) -> list[str]:
    unique = list(dict.fromkeys(subjects))
    return unique if len(unique) <= most else [*unique[:most], f"{len(unique) - most} more"]


def _format_sales(order_count: int, revenue: float, currency: str) -> str:
    return f"{int(order_count):,} orders, {float(revenue):,.2f} {currency}" if order_count else "no sales"


def _format_change(revenue: float, before: float) -> str:
    return f" ({(revenue - before) / before:+.1%})" if before > 0 and revenue else ""
