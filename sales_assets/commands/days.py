"""Parses the business days in a command's arguments."""

from sales_assets.catalog.partitions import DAILY, Window, window_between
from sales_assets.commands.console import UsageError


def parse_window(first: str | None, last: str | None) -> Window:
    """Parse the window from the first day to the last.

    Args:
        first: As typed. Default: the first partition.
        last: As typed. Default: yesterday.

    Raises:
        UsageError: They are not business days, or outside the partitions.
    """
    try:
        return window_between(
            first or str(DAILY.get_first_partition_key()), last or str(DAILY.get_last_partition_key())
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
