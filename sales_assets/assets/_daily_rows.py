"""Rows of business days, on their way from a source to the warehouse; shared by the daily assets."""

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd


@dataclass(frozen=True)
class DailyRows:
    """Rows, and the business day of each.

    Attributes:
        frame: The rows.
        days: Midnights without a time zone, one a row, with the frame's index.
        read_at: When they were read from their source, before any later change there.
    """

    frame: pd.DataFrame
    days: pd.Series
    read_at: datetime

    def where(self, keep: pd.Series) -> "DailyRows":
        """The rows for which a boolean is true."""
        return replace(self, frame=self.frame[keep], days=self.days[keep])

    def as_frame(self, frame: pd.DataFrame) -> "DailyRows":
        """The same rows with other columns, in the same order."""
        return replace(self, frame=frame)
