"""What the page is made of: rows of gold, and what is known of how far they can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pandas as pd

_SALES = {
    "order_date": "datetime64[us]",
    "channel": "str",
    "currency": "str",
    "segment": "str",
    "city": "str",
    "order_count": "int64",
    "total_amount": "float64",
}

_COMPARED_WITHIN = timedelta(days=1)
"""The page of the morning is made before the morning's comparison with the ERP."""


def _build_no_sales() -> pd.DataFrame:
    return pd.DataFrame(columns=list(_SALES)).astype(_SALES)


@dataclass(frozen=True)
class DashboardRows:
    """Rows of gold. A frame of a mart that does not exist yet is empty, without columns.

    Attributes:
        sales: `order_date`, `channel`, `currency`, `segment`, `city`, `order_count`, `total_amount` in that
            currency; up to two years. No personal data.
        anomalies: `order_date`, `channel`, `currency`, `segment`, `actual`, `expected`, `verdict`, `reason`.
        cohorts: `cohort_month`, `month`, `months_since_first_order`, `cohort_size`, `customer_count`,
            `retention` from 0 to 1.
        forecast: `day`, `segment` (`total` for all), `forecast`, `lower_80`, `upper_80`, `lower_95`,
            `upper_95`, in the ERP's currency.
    """

    sales: pd.DataFrame = field(default_factory=_build_no_sales)
    anomalies: pd.DataFrame = field(default_factory=pd.DataFrame)
    cohorts: pd.DataFrame = field(default_factory=pd.DataFrame)
    forecast: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def last_day(self) -> str:
        """The last day that has a sale, as YYYY-MM-DD; empty without sales."""
        return "" if self.sales.empty else str(self.sales["order_date"].max().date())


@dataclass(frozen=True)
class Trust:
    """What Dagster has recorded of the rows, at the moment that the page was made.

    Attributes:
        built_at: When `daily_sales` was last built; None if never.
        last_day: The last business day that ought to be there: yesterday.
        complete_until: The last day up to which no day of the look-back is missing; empty if none is there.
        missing: The days of the look-back that are not in gold.
        reconciled_until: The last day up to which gold had the ERP's sales; empty if not compared lately.
        differing: The days that differed from the ERP.
        rejected: How many orders of the look-back fail validation, and are not in gold.
        failing: The checks whose latest result is not good, as `asset: check`.
    """

    last_day: str
    built_at: datetime | None = None
    complete_until: str = ""
    missing: Sequence[str] = ()
    reconciled_until: str = ""
    differing: Sequence[str] = ()
    rejected: int = 0
    failing: Sequence[str] = ()


@dataclass(frozen=True)
class TrustLine:
    """One line of the panel of trust.

    Attributes:
        is_fine: Whether nobody has to act.
        title: What it is about.
        text: What is known, with a date or a number.
    """

    is_fine: bool
    title: str
    text: str


def describe_trust(trust: Trust) -> list[TrustLine]:
    """Return what a reader has to know before believing the numbers."""
    is_complete = trust.complete_until == trust.last_day
    oldest = str(date.fromisoformat(trust.last_day) - _COMPARED_WITHIN)
    is_reconciled = trust.reconciled_until >= oldest and not trust.differing
    orders = f"{trust.rejected:,} order(s) fail validation and are missing here"
    return [
        TrustLine(
            is_complete,
            "Last complete day",
            (trust.complete_until or "none yet") + _list_some(trust.missing, "missing"),
        ),
        TrustLine(
            is_reconciled,
            "Agrees with the ERP until",
            (trust.reconciled_until or "not compared lately") + _list_some(trust.differing, "differ"),
        ),
        TrustLine(not trust.rejected, "Rejected orders", orders if trust.rejected else "none"),
        TrustLine(
            not trust.failing,
            "Checks that fail or warn",
            ", ".join(trust.failing) or "none",
        ),
        TrustLine(
            trust.built_at is not None,
            "Built",
            f"{trust.built_at:%Y-%m-%d %H:%M} UTC" if trust.built_at else "never",
        ),
    ]


def _list_some(days: Sequence[str], verb: str, most: int = 5) -> str:
    if not days:
        return ""
    more = f" and {len(days) - most} more" if len(days) > most else ""
    return f"; {verb}: {', '.join(days[:most])}{more}"
