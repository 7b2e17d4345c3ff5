"""The partitions: business days with their windows, and marketplace files with their keys.

Nothing here reads data; what the rows of a day or a file are belongs to the assets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd

from sales_assets.errors import RefusedError
from sales_assets.settings import Settings
from sales_assets.settings import settings as process_settings

DAILY = dg.DailyPartitionsDefinition(process_settings().first_day, timezone=process_settings().timezone)
"""The partitions of every daily asset: business days in `SALES_TIMEZONE`, from `SALES_FIRST_DAY` on."""

BACKFILL = dg.BackfillPolicy(process_settings().max_partitions_per_run)
"""A backfill of any length is one run, with one extraction and one write, unless the settings limit it."""

MARKETPLACE_FILES = dg.DynamicPartitionsDefinition(name="marketplace_files")
"""The partitions of `raw_marketplace_orders`: one per file; see `partition_of_file`."""

FILE_BY_FILE = dg.BackfillPolicy.multi_run(1)
"""A backfill has a run for each file, so that a bad file does not affect the others."""

_FORBIDDEN_IN_KEYS = re.compile(r"%|\.\.\.|[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Window:
    """The half-open interval `[start, end)` of a run, and its business days.

    Attributes:
        start: The first instant, UTC.
        end: The first instant after the window, UTC.
        days: The partition keys of its business days, such as `2025-01-15`, in order.
    """

    start: datetime
    end: datetime
    days: tuple[str, ...]

    def __str__(self) -> str:
        return self.days[0] if len(self.days) == 1 else f"{self.days[0]} to {self.days[-1]}"

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Start and end, as the parameters of a query."""
        return self.start, self.end

    @property
    def day_bounds(self) -> list[datetime]:
        """The instants that bound its business days; see `list_day_bounds`."""
        return list_day_bounds(DAILY, self.days)

    @property
    def interval(self) -> str:
        """The interval as text, for metadata."""
        return f"[{self.start.isoformat()}, {self.end.isoformat()})"

    @property
    def dates(self) -> tuple[date, date]:
        """The window in business days: the first day, and the day after the last."""
        day_after = pd.Timestamp(self.days[-1]) + pd.Timedelta(days=1)
        return date.fromisoformat(self.days[0]), day_after.date()


def is_of_days(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> bool:
    """Whether a run is for one day or a range of days, and so has a window."""
    return context.has_partition_key or context.has_partition_key_range


def window_of(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> Window:
    """The window of a run for one day or for a range of days.

    Raises:
        RefusedError: The range reaches beyond the partitions.
    """
    asked = context.partition_key_range
    return window_between(asked.start, asked.end)


def choose_window(context: dg.AssetExecutionContext | dg.OpExecutionContext, lookback_days: int) -> Window:
    """The window of a run of days; of any other run the last days up to yesterday."""
    if is_of_days(context):
        return window_of(context)
    days = DAILY.get_partition_keys()[-lookback_days:] or [str(DAILY.start.date())]
    return window_between(days[0], days[-1])


def list_days_with_history(window: Window, history: int) -> Sequence[str]:
    """The partition keys of a window and of some days before it."""
    keys = DAILY.get_partition_keys()
    return keys[max(keys.index(window.days[0]) - history, 0) : keys.index(window.days[-1]) + 1]


def window_between(first: str, last: str) -> Window:
    """The window of some contiguous days.

    Args:
        first: The first day, such as `2025-01-15`.
        last: The last one.

    Raises:
        RefusedError: They are not business days, or not among the partitions.
    """
    if not all(map(DAILY.has_partition_key, (first, last))) or first > last:
        known = DAILY.get_partition_keys()
        span = (
            f"{known[0]} to {known[-1]}" if known else f"none: {DAILY.start.date()}, the first, is not over"
        )
        message = (
            f"The run asks for {first} to {last}, but the business days are {span} ({DAILY.timezone}). "
            "No stored data was changed. Choose days in that range, as YYYY-MM-DD."
        )
        raise RefusedError(message)
    days = DAILY.get_partition_keys_in_range(dg.PartitionKeyRange(first, last))
    start = DAILY.time_window_for_partition_key(first).start
    end = DAILY.time_window_for_partition_key(last).end
    return Window(start.astimezone(UTC), end.astimezone(UTC), tuple(days))


def day_of_row(window: Window, rows: pd.DataFrame, column: str, *, is_date: bool = False) -> pd.Series:
    """The business day of each row of a run.

    Args:
        window: The run's window. If it is one day, every row is of that day and the column is not used.
        rows: What the run read.
        column: The column of instants, with a time zone or in UTC.
        is_date: Whether the column holds business days already.

    Returns:
        Midnights without a time zone, with the index of the rows.
    """
    if len(window.days) == 1:
        return pd.Series(pd.Timestamp(window.days[0]), index=rows.index, dtype="datetime64[us]")
    instants = rows[column]
    if is_date:
        return cast("pd.Series", pd.to_datetime(instants, cache=False).astype("datetime64[us]"))
    aware = instants.dt.tz_localize(UTC) if instants.dt.tz is None else instants
    # Of a name, pandas asks pytz, which has rules of its own.
    midnights = aware.dt.tz_convert(ZoneInfo(DAILY.timezone)).dt.tz_localize(None).dt.normalize()
    return cast("pd.Series", midnights.astype("datetime64[us]"))


def list_day_bounds(partitions: dg.TimeWindowPartitionsDefinition, days: Sequence[str]) -> list[datetime]:
    """The first instant of each of some consecutive days, and the first after them, UTC.

    Databases tell days apart by these, because each has rules of its own for time zones.
    """
    windows = [partitions.time_window_for_partition_key(day) for day in days]
    return [*(window.start.astimezone(UTC) for window in windows), windows[-1].end.astimezone(UTC)]


def days_without(days: pd.Series, window: Window) -> list[str]:
    """The days of a window that have no row.

    Args:
        days: The business day of each row.
        window: The run's window.
    """
    present = set(days.unique())
    return [day for day in window.days if pd.Timestamp(day) not in present]


def partition_of_file(key: str) -> str:
    """The partition key of an object in the bucket: its whole key, percent-encoded where Dagster forbids it.

    Dagster forbids `...` and control characters; the percent sign is encoded so that no two keys collide.
    """
    return _FORBIDDEN_IN_KEYS.sub(lambda found: "".join(f"%{ord(letter):02X}" for letter in found[0]), key)


def file_of_partition(partition: str) -> str:
    """The object's key in the bucket, from the partition key."""
    return unquote(partition)


def refuse_other_partitions(settings: Settings) -> None:
    """Refuse settings that differ from those that assets were imported with, such as the days' time zone.

    Raises:
        ValueError: Names the setting, both values and what to do.
    """
    process = process_settings()
    for name in ("timezone", "first_day", "max_partitions_per_run", "lookback_days", "max_rejected_share"):
        wanted, fixed = getattr(settings, name), getattr(process, name)
        if wanted != fixed:
            message = (
                f"Settings.{name} is {wanted!r}, but this process's assets were imported with {fixed!r}. "
                "Set it in the environment before sales_assets is imported."
            )
            raise ValueError(message)
