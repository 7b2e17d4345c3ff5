"""What a run says about days that it refused, and keeps of rows that it rejected.

Which days and rows these are belongs to `_daily_run.py` and `_rejections.py`.
"""

from collections.abc import Mapping, Sequence

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_rows import DailyRows
from sales_assets.catalog.remedies import format_rerun
from sales_assets.errors import RefusedError
from sales_assets.transforms.frames import FrameWithRejected


def attach_rejected(frame: pd.DataFrame, rejected: DailyRows | None, days: Sequence[str]) -> pd.DataFrame:
    """The rows to store with those that were rejected of the days that are stored, if there are any."""
    if rejected is None:
        return frame
    of_days = rejected.where(rejected.days.isin(pd.to_datetime(list(days))))
    return FrameWithRejected.of(frame, of_days.frame)


def build_refusal(
    context: dg.AssetExecutionContext, faults: Mapping[str, str], stored_days: int
) -> RefusedError:
    """The error that names the days that were refused, and what to do."""
    asset = context.asset_key.to_user_string()
    days = sorted(faults)
    reasons = " ".join(f"{asset} for {day}: {faults[day]}" for day in days)
    reads_stored = any(context.assets_def.asset_deps[context.asset_key])
    again = f"; {asset} alone would read the same stored rows again" if reads_stored else ""
    return RefusedError(
        f"{reasons} No stored data of {'this day' if len(days) == 1 else 'these days'} was changed; "
        f"{stored_days} other day(s) of the run are stored. "
        f"Correct the source where needed, then run from raw_orders on, {format_rerun(days)}{again}."
    )
