"""What is told of days for which the ERP has no order, and of their orders when they arrive."""

import dagster as dg

from sales_assets.catalog.names import NO_DATA_TAG, RAW_ORDERS_KEY
from sales_assets.catalog.records import find_days_without_orders
from sales_assets.catalog.remedies import format_rerun
from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.ended_runs import EndedRun
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.operations.repair.gaps import format_days

NO_DATA = "no data"
"""The kind of problem: a day without orders."""


def tell_of_empty_days(run: EndedRun, ledger: Ledger, telling: Telling) -> list[Alert]:
    """Describe the days that a run found empty, and those that have orders now."""
    owner, link = telling.owner_of([RAW_ORDERS_KEY]), telling.link_to_run(run.run.run_id)
    alerts = []
    if new := [day for day in _list_empty_days(run) if not ledger.find(NO_DATA, day)]:
        ledger.problems += [Problem(kind=NO_DATA, subject=day, since=run.ended) for day in new]
        lines = (
            "Existing rows are kept. If sales are missing, ask whoever runs the ERP. When they are there, "
            f"run the day(s) {format_rerun(new)}.",
        )
        title = f"The ERP has no orders for {format_days(new)}."
        alerts.append(_build(title, Level.WARNING, owner, link, lines))
    if arrived := _close_filled_days(run, ledger, telling.instance):
        title = f"Orders have arrived for {format_days(arrived)}."
        alerts.append(_build(title, Level.SUCCESS, owner, link))
    return alerts


def _build(title: str, level: Level, owner: str, link: str, lines: tuple[str, ...] = ()) -> Alert:
    return Alert(kind=Kind.NO_ORDERS, title=title, lines=lines, level=level, owner=owner, link=link)


def _list_empty_days(run: EndedRun) -> list[str]:
    found = [entry.asset_observation for entry in run.of(dg.DagsterEventType.ASSET_OBSERVATION)]
    return sorted(
        {
            each.partition
            for each in found
            if each and each.asset_key == RAW_ORDERS_KEY and each.partition and NO_DATA_TAG in each.metadata
        }
    )


def _close_filled_days(run: EndedRun, ledger: Ledger, instance: dg.DagsterInstance) -> list[str]:
    """Forget the empty days that were loaded since, and return them; only a load can have changed them."""
    if RAW_ORDERS_KEY not in run.assets:
        return []
    problems = [problem for problem in ledger.problems if problem.kind == NO_DATA]
    empty = find_days_without_orders(instance, [problem.subject for problem in problems])
    filled = [problem for problem in problems if problem.subject not in empty]
    for problem in filled:
        ledger.problems.remove(problem)
    return [problem.subject for problem in filled]
