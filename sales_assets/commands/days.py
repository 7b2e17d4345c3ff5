"""The days that somebody asks a command for."""

import argparse
from collections.abc import Sequence

from sales_assets.partitions import Window, window_between


def days_asked(
    parser: argparse.ArgumentParser, arguments: Sequence[str]
) -> tuple[argparse.Namespace, Window]:
    """What somebody typed, and its window from `first` to `last`; ends the command if it is none."""
    asked = parser.parse_args(arguments)
    try:
        return asked, window_between(asked.first, asked.last)
    except ValueError as error:
        parser.error(str(error))
