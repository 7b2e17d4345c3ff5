"""Checks of many days at once, whose verdict is about each day."""

from collections.abc import Callable

import pandas as pd


def faulty_days(check: Callable[[pd.DataFrame], None], rows: pd.DataFrame, days: pd.Series) -> dict[str, str]:
    """Which days a check refuses, and why.

    All days are checked together first, and one by one only if that is refused.

    Args:
        check: Raises a `ValueError` that names what is wrong.
        rows: The rows of all days.
        days: The day of each row.

    Returns:
        The error's text by partition key, in order; empty if nothing is wrong.
    """
    if _fault(check, rows) is None:
        return {}
    faults = {f"{day:%Y-%m-%d}": _fault(check, of_day) for day, of_day in rows.groupby(days)}
    return {day: fault for day, fault in faults.items() if fault is not None}


def _fault(check: Callable[[pd.DataFrame], None], rows: pd.DataFrame) -> str | None:
    try:
        check(rows)
    except ValueError as error:
        return str(error)
    return None
