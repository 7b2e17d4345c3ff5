"""When a month is closed, and when another revenue of it needs a person: the rules, without any data."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal


def find_closed_months(days: Iterable[str], today: date, after_days: int) -> list[str]:
    """Find the months of some days that are closed, in order.

    Args:
        days: Business days, as YYYY-MM-DD.
        today: The business day that it is now.
        after_days: How many days after its last day a month is closed.

    Returns:
        Months, as YYYY-MM.
    """
    return [month for month in sorted({day[:7] for day in days}) if _is_closed(month, today, after_days)]


def is_restated(published: Decimal, restated: Decimal, limit: Decimal) -> bool:
    """Whether a month's revenue moves by more than a share of what was published."""
    return abs(restated - published) > abs(published) * limit


def describe_restatement(
    month: str, published: Decimal, restated: Decimal, limit: Decimal, currency: str
) -> str:
    """Say what would change, with both revenues."""
    change = (
        f" ({(restated - published) / abs(published):+.2%}, the limit is {limit:.2%})" if published else ""
    )
    return (
        f"{month} is closed and was published with a revenue of {published:,.2f} {currency}. It would become "
        f"{restated:,.2f} {currency}{change}."
    )


def _is_closed(month: str, today: date, after_days: int) -> bool:
    first = date.fromisoformat(f"{month}-01")
    first_of_next = (first + timedelta(days=31)).replace(day=1)
    return today >= first_of_next + timedelta(days=after_days)
