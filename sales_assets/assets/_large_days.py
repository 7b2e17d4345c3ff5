"""How a day that does not fit into memory becomes the output of a daily asset: chunk by chunk, in two passes.

Its rows wait in a temporary file. The first pass over them finds what is wrong and what to report; only if
the day may be stored, the second hands them to the warehouse. Which rows are wrong is up to each asset, and
days that fit into memory belong to `_daily_output.py`.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import dagster as dg
import pandas as pd

from sales_assets.assets._daily_output import Check, refuse_faults
from sales_assets.assets._daily_rows import DailyRows
from sales_assets.assets._daily_run import DailyRun
from sales_assets.assets._preview import PREVIEW_ROWS, report_days
from sales_assets.catalog.day_groups import LARGEST_DAY_IN_MEMORY
from sales_assets.catalog.names import READ_AT
from sales_assets.transforms.by_day import find_faulty_days
from sales_assets.transforms.spooled_rows import FrameInChunks, SpooledRows
from sales_assets.warehouse.partition_groups import PartitionGroup

Counts = Mapping[str, Any]
"""What to report of rows: numbers, which add up over chunks, mappings of them, or what is alike in all."""


@dataclass(frozen=True, kw_only=True)
class LargeDayRules:
    """How an asset makes the rows of a large day, and which of them are wrong.

    Attributes:
        choose: Makes the rows to store of a chunk of what was read, and counts.
        is_faulty: Which rows fail on their own, or because their key is repeated in the day.
        check: Raises a `ValueError` about the faulty rows, as about those of any day.
        reject: Called with the faulty rows and the number of the others; the day is stored without the former
            unless it is refused. Without it, the day is refused.
        beside: What else was read to make the rows.
        complete: Adds to the day's counts what follows from them and the number of rows.
    """

    choose: Callable[[DailyRows], tuple[DailyRows, Counts]]
    is_faulty: Callable[[DailyRows], pd.Series]
    check: Check
    reject: Callable[[DailyRows, int], object] | None = None
    beside: Sequence[pd.DataFrame] = ()
    complete: Callable[[Counts, int], Counts] = lambda counts, _: counts

    def keep(self, chosen: DailyRows, is_faulty: pd.Series) -> DailyRows:
        """The rows to store, if the day is not refused."""
        return chosen.where(~is_faulty) if self.reject else chosen


def prepare_large_day(run: DailyRun, spooled: SpooledRows, rules: LargeDayRules) -> PartitionGroup | None:
    """Look through a day's rows, report on them, and return what stores them in chunks; see `prepare_days`.

    Returns:
        None if the day is skipped or refused.
    """
    [day] = run.window.days
    if day in run.skipped or day in run.faults:
        return None
    survey = _Survey(rules)
    for frame in spooled:
        survey.add(run.rows(frame, *rules.beside))
        if survey.is_hopeless:
            break
    faulty = survey.join_faulty()
    if faulty is not None and rules.reject:
        rules.reject(faulty, survey.rows)
    elif faulty is not None:
        check = partial(refuse_faults, rules.check, run.contract)
        run.faults.update(find_faulty_days(check, faulty.frame, faulty.days))
    if day in run.faults:
        return None
    read_at = survey.report(run)
    lost = None if run.rejected is None else run.rejected.frame
    chunks = FrameInChunks(_make_frames(run, spooled, rules), survey.rows, lost)
    metadata = {"window": run.window.interval, READ_AT: dg.MetadataValue.timestamp(read_at)}
    return PartitionGroup([day], chunks, metadata)


@dataclass
class _Survey:
    """What the first pass finds: how many rows to store, the first of them, and those that are faulty."""

    rules: LargeDayRules
    rows: int = 0
    counts: Counts = field(default_factory=dict)
    amounts: list[float] = field(default_factory=list)
    first: list[DailyRows] = field(default_factory=list)
    faulty: list[DailyRows] = field(default_factory=list)

    def add(self, read: DailyRows) -> None:
        chosen, counts = self.rules.choose(read)
        self.counts = add_counts(self.counts, counts)
        is_faulty = self.rules.is_faulty(chosen)
        if is_faulty.any():
            self.faulty.append(chosen.where(is_faulty))
        kept = self.rules.keep(chosen, is_faulty)
        self.rows += len(kept.frame)
        if "total_amount" in kept.frame:
            self.amounts.append(math.fsum(kept.frame["total_amount"]))
        lacking = PREVIEW_ROWS - sum(len(part.frame) for part in self.first)
        if lacking or not self.first:
            self.first.append(replace(kept, frame=kept.frame.head(lacking), days=kept.days.head(lacking)))

    @property
    def is_hopeless(self) -> bool:
        """Whether the rows for which the day is refused are themselves more than fit into memory."""
        return not self.rules.reject and sum(len(part.frame) for part in self.faulty) > LARGEST_DAY_IN_MEMORY

    def join_faulty(self) -> DailyRows | None:
        return _join(self.faulty) if self.faulty else None

    def report(self, run: DailyRun) -> datetime:
        """Attach to the day what `report_days` attaches to a day in memory; return when it was read."""
        first = _join(self.first)
        counts = {"row_count": self.rows, **self.rules.complete(self.counts, self.rows)}
        if self.amounts:
            counts["total_amount"] = round(math.fsum(self.amounts), 4)
        day = run.window.days[0]
        metadata = {pd.Timestamp(day): counts}
        report_days(run.context, first.frame, first.days, run.contract, [day], metadata=metadata)
        return first.read_at


def _join(parts: Sequence[DailyRows]) -> DailyRows:
    days = pd.concat([part.days for part in parts], ignore_index=True)
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    return DailyRows(frame, days, min(part.read_at for part in parts))


def add_counts(some: Counts, more: Counts) -> dict[str, Any]:
    """Add up the counts of two parts of a day, key by key; see `Counts`."""
    both = {key: _add(some[key], more[key]) for key in some if key in more}
    return {**some, **more, **both}


def _add(some: Any, more: Any) -> Any:
    if isinstance(some, Mapping):
        return add_counts(some, more)
    return some + more if isinstance(some, int | float) else some


def _make_frames(run: DailyRun, spooled: SpooledRows, rules: LargeDayRules) -> Iterator[pd.DataFrame]:
    for frame in spooled:
        chosen, _ = rules.choose(run.rows(frame))
        yield rules.keep(chosen, rules.is_faulty(chosen)).frame
