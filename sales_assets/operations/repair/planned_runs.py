"""Plans: which days of which assets to run, as the fewest ranges, and in what order.

A plan is data and text; `launching.py` carries it out, and schedules turn its parts into run requests.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import dagster as dg

from sales_assets.operations.repair.gaps import Gaps, ranges
from sales_assets.operations.repair.lineage import Lineage


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan.

    Attributes:
        assets: What it makes.
        first: Its first day; empty if it is not about days.
        last: Its last day.
    """

    assets: tuple[dg.AssetKey, ...]
    first: str = ""
    last: str = ""

    def __str__(self) -> str:
        names = [key.to_user_string() for key in self.assets]
        made = ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]} ({len(names)} assets)"
        days = f"{self.first} to {self.last}: " if self.first != self.last else f"{self.first}: "
        return f"{days if self.first else ''}{made}"


def plan_runs(troubles: Gaps, lineage: Lineage, at_most: int | None) -> list[PlannedRun]:
    """The fewest ranges of days that lack the same assets, in order.

    Days that lack different assets are kept apart, so that one which fails again does not spoil the others.

    Args:
        troubles: By day, the assets that lack it.
        lineage: Tells what follows on them.
        at_most: How many days a run may have; None for any number.
    """
    alike: dict[frozenset[dg.AssetKey], list[str]] = {}
    for day, lacking in troubles.items():
        alike.setdefault(frozenset(lacking), []).append(day)
    parts = [
        PlannedRun(tuple(lineage.to_run(lacking)), first, last)
        for lacking, days in alike.items()
        for first, last in ranges(days, at_most)
    ]
    return sorted(parts, key=lambda part: (part.first, part.last))


def with_the_rest_last(
    parts: Sequence[PlannedRun], lineage: Lineage, rest: Collection[dg.AssetKey] = ()
) -> list[PlannedRun]:
    """The parts without the assets that are made as a whole; those are made once, after all of the days.

    Args:
        parts: Runs of days.
        lineage: Tells which assets are daily.
        rest: What else to make as a whole, whatever the days are followed by.
    """
    made = {key for part in parts for key in part.assets}
    if len(parts) < 2 and made.issuperset(rest):
        return list(parts)
    by_day = [
        PlannedRun(tuple(key for key in part.assets if key in lineage.daily), part.first, part.last)
        for part in parts
    ]
    whole = tuple(key for key in lineage.whole if key in made or key in rest)
    return [*by_day, PlannedRun(whole)] if whole else by_day


def number_runs(parts: Iterable[PlannedRun]) -> list[str]:
    """The runs of a plan, one a line."""
    return [f"  run {number}. {part}" for number, part in enumerate(parts, start=1)]
