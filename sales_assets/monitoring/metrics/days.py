"""Business days as the metrics count them: in the business time zone, and without a calendar of holidays."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def find_last_day(now: float, timezone: str) -> date:
    """The last complete business day.

    Args:
        now: Seconds since 1970.
        timezone: That of business days.
    """
    return datetime.fromtimestamp(now, ZoneInfo(timezone)).date() - timedelta(days=1)


def list_last_days(last: date, count: int) -> list[str]:
    """The keys of some days up to the last one, in order."""
    return [(last - timedelta(days=ago)).isoformat() for ago in reversed(range(count))]


def begin_of_day(day: date, timezone: str, hour: int = 0) -> float:
    """When an hour of a day begins, in seconds since 1970."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(timezone)).timestamp()
