"""How the days of a run become the output of a daily asset: in one group, or in several, one after the other.

Days that the check or the contract refuses do not spoil the others: these are stored, then the run fails.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import zip_longest
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_rows import DailyRows
from sales_assets.assets._daily_run import DailyRun
from sales_assets.assets._preview import report_days
from sales_assets.assets._refusals import attach_rejected, build_refusal
from sales_assets.catalog.day_groups import divide_days, find_large_days
from sales_assets.catalog.names import READ_AT, SKIPPED_PARTITIONS
from sales_assets.catalog.partitions import Window
from sales_assets.catalog.records import fetch_latest_records
from sales_assets.transforms.by_day import find_faulty_days
from sales_assets.warehouse.misfits import refuse_misfits
from sales_assets.warehouse.partition_groups import GroupedPartitions, PartitionGroup

Check = Callable[[pd.DataFrame], None]
"""Raises a `ValueError` about rows that must not be stored."""

PrepareDays = Callable[[DailyRun], PartitionGroup | None]
"""Makes the rows of some of a run's days; None if no day is left."""

CountRows = Callable[[Window], Mapping[str, int]]
"""Counts the rows of each day, about; see `day_groups.divide_days`."""


def emit_days(run: DailyRun, prepare: PrepareDays, count_rows: CountRows) -> Iterator[dg.Output[Any]]:
    """The output that replaces the days of the run, or none if no day is left.

    Args:
        run: The run.
        prepare: Reads and makes the rows of one group of days; see `prepare_days`.
        count_rows: Called to divide a range into groups, and to find the days that are large even alone.

    Raises:
        RefusedError: Some days were refused; names them and what is wrong.
    """
    counts = count_rows(run.window)
    run.large_days = find_large_days(run.window.days, counts)
    windows = _divide(run, counts) if run.is_range else [run.window]
    if windows == [run.window]:
        group = prepare(run)
        if group:
            yield dg.Output(group.frame, metadata=group.metadata)
    else:
        # Not `if group`: such a generator would keep a group in memory while the next one is made.
        parts = (run.narrow(*each) for each in zip_longest(windows, windows[1:]))
        groups = filter(None, map(prepare, parts))
        grouped = GroupedPartitions(groups, len(run.window.days))
        yield dg.Output(grouped, metadata={"window": run.window.interval})
    if run.faults:
        stored = set(run.window.days) - run.skipped - run.faults.keys()
        raise build_refusal(run.context, run.faults, len(stored))


def prepare_days(
    run: DailyRun,
    rows: DailyRows,
    *,
    check: Check | None = None,
    metadata: Mapping[pd.Timestamp, Mapping[str, Any]] | None = None,
) -> PartitionGroup | None:
    """Keep the days that may be stored, and report on each of them.

    Args:
        run: Gets the days that are refused.
        rows: The rows of its days.
        check: Raises a `ValueError` about rows that must not be stored.
        metadata: By business day, what to report besides row count, total and preview.
    """
    faults = find_faulty_days(partial(refuse_faults, check, run.contract), rows.frame, rows.days)
    run.faults.update(faults | run.faults)
    dropped = [day for day in run.window.days if day in run.skipped or day in run.faults]
    kept = [day for day in run.window.days if day not in dropped]
    if not kept:
        return None
    if dropped:
        rows = rows.where(rows.days.isin(pd.to_datetime(kept)))
    report_days(run.context, rows.frame, rows.days, run.contract, kept, metadata=metadata or {})
    skipped = {SKIPPED_PARTITIONS: dropped} if dropped else {}
    read_at = {READ_AT: dg.MetadataValue.timestamp(rows.read_at)}
    frame = attach_rejected(rows.frame, run.rejected, kept)
    return PartitionGroup(kept, frame, {"window": run.window.interval, **read_at, **skipped})


def refuse_faults(check: Check | None, contract: dg.TableSchema, rows: pd.DataFrame) -> None:
    """Raise a `ValueError` about rows that must not or cannot be stored."""
    if check is not None:
        check(rows)
    refuse_misfits(rows, contract)


def _divide(run: DailyRun, counts: Mapping[str, int]) -> list[Window]:
    """Divide the run's days into groups, without those that the run stored before it was tried again."""
    days = run.window.days
    if run.context.retry_number:
        records = fetch_latest_records(run.context.instance, run.context.asset_key, days)
        done = {day for day, record in records.items() if record.run_id == run.context.run.run_id}
        days = tuple(day for day in days if day not in done)
    return divide_days(days, counts)
