"""Plans runs: which assets for which days, in the fewest ranges, and in what order.

A planned run is data. `launch.py` executes it, and schedules turn it into a run request.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import dagster as dg

from sales_assets.operations.repair.gaps import Gaps, group_into_ranges
from sales_assets.operations.repair.lineage import Lineage

_MAX_LISTED_ASSETS = 3


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan.

    Attributes:
        assets: The assets to materialize; empty for all assets of the job.
        first: The first day; empty for a run without partitions.
        last: The last day.
    """

    assets: tuple[dg.AssetKey, ...]
    first: str = ""
    last: str = ""

    def __str__(self) -> str:
        names = [key.to_user_string() for key in self.assets]
        is_short = len(names) <= _MAX_LISTED_ASSETS
        assets = ", ".join(names) if is_short else f"{names[0]} … {names[-1]} ({len(names)} assets)"
        if not self.first:
            return assets
        days = self.first if self.first == self.last else f"{self.first} to {self.last}"
        return f"{days}: {assets}"


def plan_runs(gaps: Gaps, lineage: Lineage, at_most: int | None) -> list[PlannedRun]:
    """Plan the fewest runs that close the gaps, in order of their days.

    Days with gaps in different assets are separate runs, so that a day that fails again does not stop others.

    Args:
        gaps: By day, the assets to close gaps of.
        lineage: Adds the descendants of these assets.
        at_most: The maximum number of days per run; None for no maximum.
    """
    days_by_assets: dict[frozenset[dg.AssetKey], list[str]] = {}
    for day, reasons in gaps.items():
        days_by_assets.setdefault(frozenset(reasons), []).append(day)
    runs = [
        PlannedRun(tuple(lineage.assets_to_run(assets)), first, last)
        for assets, days in days_by_assets.items()
        for first, last in group_into_ranges(days, at_most)
    ]
    return sorted(runs, key=lambda run: (run.first, run.last))


def put_unpartitioned_last(
    runs: Sequence[PlannedRun], lineage: Lineage, extra: Collection[dg.AssetKey] = ()
) -> list[PlannedRun]:
    """Move unpartitioned assets into one run at the end, so that they are built once, after all days.

    A single run that already includes them stays as it is.

    Args:
        runs: Runs of days.
        lineage: Tells daily and unpartitioned assets apart.
        extra: Unpartitioned assets to run even if no run of days includes them.
    """
    included = {key for run in runs for key in run.assets}
    if len(runs) < 2 and included.issuperset(extra):
        return list(runs)
    daily = [
        PlannedRun(tuple(key for key in run.assets if key in lineage.daily), run.first, run.last)
        for run in runs
    ]
    unpartitioned = tuple(key for key in lineage.unpartitioned if key in included or key in extra)
    return [*daily, PlannedRun(unpartitioned)] if unpartitioned else daily


def number_runs(runs: Iterable[PlannedRun]) -> list[str]:
    """Format the runs of a plan, one line each."""
    return [f"  run {number}. {run}" for number, run in enumerate(runs, start=1)]
