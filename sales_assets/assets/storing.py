"""How a daily asset hands its rows over: with each day's numbers, and without the days it leaves out.

Shared by the assets of this folder; what the rows are is their business.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.metadata import report
from sales_assets.partitions import Window
from sales_assets.taxonomy import LEFT_OUT, NO_DATA_TAG


def stored(
    context: dg.AssetExecutionContext,
    frame: pd.DataFrame,
    window: Window,
    *,
    contract: dg.TableSchema,
    days: pd.Series,
    left_out: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[dg.Output[pd.DataFrame]]:
    """The output that replaces the days of a window, or none if every day is left out.

    Args:
        context: Of the asset.
        frame: The rows of the days.
        window: The days of the run.
        contract: The table's columns.
        days: The business day of each row.
        left_out: Days that keep what they have and do not count as materialized.
        metadata: What else to report of the run.
    """
    kept = [day for day in window.days if day not in left_out]
    if not kept:
        return
    report(context, frame, contract, days, kept)
    spared = {LEFT_OUT: list(left_out)} if left_out else {}
    yield dg.Output(frame, metadata={"window": window.interval, **spared, **(metadata or {})})


def note_no_data(context: dg.AssetExecutionContext, days: Sequence[str]) -> None:
    """Make days without any order visible: a warning, a tag on the run, an observation of each day."""
    if not days:
        return
    context.log.warning(
        f"The ERP has no order of any status on {', '.join(days)}. Stored rows of such a day are kept, and "
        "what reads it is skipped. If the day really was empty, run it with allow_empty."
    )
    context.instance.add_run_tags(context.run.run_id, {NO_DATA_TAG: str(len(days))})
    for day in days:
        description = "The ERP had no order of any status on this day."
        observation = dg.AssetObservation(
            context.asset_key, description=description, partition=day, metadata={NO_DATA_TAG: True}
        )
        context.log_event(observation)
