"""The business days that somebody asks a command for."""

from sales_assets.catalog.partitions import DAILY, Window, window_between
from sales_assets.commands.console import UsageError


def window_asked(first: str | None, last: str | None) -> Window:
    """The window from the first day to the last.

    Args:
        first: As typed; the first partition unless told.
        last: As typed; yesterday unless told.

    Raises:
        UsageError: They are not business days, or not among the partitions.
    """
    try:
        return window_between(
            first or str(DAILY.get_first_partition_key()), last or str(DAILY.get_last_partition_key())
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
