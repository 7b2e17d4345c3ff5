"""The weekly partitions: weeks of business days, Monday to Sunday, with their bounds.

Nothing here reads data; what is known of a week belongs to `ml/`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from sales_assets.catalog.partitions import DAILY
from sales_assets.settings import settings

WEEKLY = dg.WeeklyPartitionsDefinition(settings().first_day, timezone=settings().timezone, day_offset=1)
"""The weeks in `SALES_TIMEZONE`, from the first Monday on or after `SALES_FIRST_DAY`; keys are Mondays."""

WEEKS_IN_ONE_RUN = dg.BackfillPolicy.single_run()
"""A backfill of any number of weeks is one run, with one write."""


@dataclass(frozen=True)
class Week:
    """A week of business days.

    Attributes:
        key: The partition key, its Monday, such as `2025-01-13`.
        end: The first instant after it, UTC.
    """

    key: str
    end: datetime

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisoformat(self.key)

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    @property
    def day_after(self) -> date:
        """The Monday after it."""
        return self.monday + timedelta(days=7)

    @property
    def days(self) -> list[str]:
        """The partition keys of its business days, in order."""
        return list_days(self.monday, self.day_after)


def weeks_of(context: dg.AssetExecutionContext) -> list[Week]:
    """The weeks of a run, in order."""
    return [build_week(key) for key in sorted(context.partition_keys)]


def build_week(key: str) -> Week:
    """The week that begins with a Monday, given as its partition key."""
    return Week(key, WEEKLY.time_window_for_partition_key(key).end.astimezone(UTC))


def week_before(week: Week, weeks: int) -> Week | None:
    """The week that is some weeks before another; None if that is before the first partition."""
    key = str(week.monday - timedelta(weeks=weeks))
    return build_week(key) if key >= str(WEEKLY.get_first_partition_key()) else None


def list_days(first: date, day_after: date) -> list[str]:
    """The partition keys of the business days in [first, day_after), without those that have not ended."""
    days = [str(first + timedelta(days=number)) for number in range((day_after - first).days)]
    return [day for day in days if DAILY.has_partition_key(day)]
