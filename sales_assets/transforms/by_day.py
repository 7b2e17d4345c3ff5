"""Runs a check over the rows of many days, with a result for each day."""

from collections.abc import Callable

import pandas as pd


def find_faulty_days(
    check: Callable[[pd.DataFrame], None], rows: pd.DataFrame, days: pd.Series
) -> dict[str, str]:
    """The days that a check refuses, and why.

    All days are checked together first; one by one only if that fails.

    Args:
        check: Raises a `ValueError` that names what is wrong.
        rows: The rows of all days.
        days: The day of each row.

    Returns:
        The error's text by partition key, in order; empty if nothing is wrong.
    """
    if _check_rows(check, rows) is None:
        return {}
    faults = {f"{day:%Y-%m-%d}": _check_rows(check, of_day) for day, of_day in rows.groupby(days)}
    return {day: fault for day, fault in faults.items() if fault is not None}


def _check_rows(check: Callable[[pd.DataFrame], None], rows: pd.DataFrame) -> str | None:
    try:
        check(rows)
    except ValueError as error:
        return str(error)
    return None
