"""How a daily asset hands its rows over: with each day's numbers, and without the days it leaves out.

Shared by the assets of this folder; what the rows are is their business.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.assets._preview import report
from sales_assets.catalog.names import LEFT_OUT, NO_DATA_TAG
from sales_assets.catalog.partitions import Window, days_without
from sales_assets.catalog.records import observations
from sales_assets.errors import RefusedError
from sales_assets.transforms.by_day import faulty_days


def stored(
    context: dg.AssetExecutionContext,
    frame: pd.DataFrame,
    window: Window,
    *,
    contract: dg.TableSchema,
    days: pd.Series,
    check: Callable[[pd.DataFrame], None] | None = None,
    left_out: Sequence[str] = (),
    by_day: Mapping[pd.Timestamp, Mapping[str, Any]] | None = None,
) -> Iterator[dg.Output[pd.DataFrame]]:
    """The output that replaces the days of a window, or none if no day is left.

    Days that the check refuses do not spoil the others: those are stored, then the run fails.

    Args:
        context: Of the asset.
        frame: The rows of the days.
        window: The days of the run.
        contract: The table's columns.
        days: The business day of each row.
        check: Raises a `ValueError` about rows that must not be stored.
        left_out: Days that keep what they have and do not count as materialized.
        by_day: What else to report of a day.

    Raises:
        RefusedError: Some days were refused; names them and what is wrong.
    """
    faults = {} if check is None else _faults(check, frame, days)
    spared = [day for day in window.days if day in left_out or day in faults]
    kept = [day for day in window.days if day not in spared]
    if kept:
        if spared:
            is_kept = days.isin([pd.Timestamp(day) for day in kept])
            frame, days = frame[is_kept], days[is_kept]
        report(context, frame, contract, days, kept, by_day=by_day or {})
        spare = {LEFT_OUT: spared} if spared else {}
        yield dg.Output(frame, metadata={"window": window.interval, **spare})
    if faults:
        raise _refusal(context.asset_key.to_user_string(), faults, len(kept))


def _faults(check: Callable[[pd.DataFrame], None], frame: pd.DataFrame, days: pd.Series) -> dict[str, str]:
    return {str(day.date()): fault for day, fault in faulty_days(check, frame, days).items()}


def _refusal(asset: str, faults: Mapping[str, str], stored_days: int) -> RefusedError:
    reasons = " ".join(f"{asset} for {day}: {fault}" for day, fault in faults.items())
    return RefusedError(
        f"{reasons} Nothing was stored for {'this day' if len(faults) == 1 else 'these days'}, and what was "
        f"stored before is kept; {stored_days} other day(s) of the run are stored. "
        "Correct the source, then run what is missing again."
    )


def days_without_source(
    context: dg.AssetExecutionContext, source: dg.AssetKey, window: Window, days: pd.Series
) -> list[str]:
    """The days whose rows an upstream asset did not bring: left out by this run, or never loaded.

    Args:
        context: Of the asset that reads.
        source: The asset that it reads.
        window: The days of the run.
        days: The business day of each row that was read.
    """
    instance, run_id = context.instance, context.run.run_id
    records = observations(instance, source, window.days)
    left_out = {str(record.partition_key) for record in records if record.run_id == run_id}
    empty = set(days_without(days, window))
    loaded = instance.get_materialized_partitions(source) if empty else set()
    return [day for day in window.days if day in left_out or day in empty - loaded]


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
