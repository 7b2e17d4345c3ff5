"""What is told of a run: its failure with the root cause, the success of the daily job, and recovery."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from sales_assets.catalog.names import DAILY_JOB, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY
from sales_assets.catalog.records import fetch_statuses
from sales_assets.catalog.remedies import format_rerun
from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.ended_runs import EndedRun
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.root_cause import find_root_cause
from sales_assets.monitoring.alerts.telling import Telling

FAILED_RUN = "run"
"""The kind of problem: assets whose run failed."""

_MOST_NAMES = 3


def tell_of_failure(run: EndedRun, ledger: Ledger, telling: Telling) -> Alert:
    """Describe a failed run, and remember what it left unfinished."""
    failed = _list_failed_assets(run)
    first, last = run.span
    for asset in failed:
        name = asset.to_user_string()
        problem = Problem(
            kind=FAILED_RUN, subject=name, first=first, last=last, run_id=run.run.run_id, since=run.ended
        )
        ledger.replace(ledger.find(FAILED_RUN, name, first, last), problem)
    names = _format_names(failed) or run.run.job_name
    lines = [
        find_root_cause(run),
        f"Attempts: {_count_attempts(run)}. Owner: {telling.owner_of(failed)}.",
        _format_remedy(run, failed),
    ]
    return Alert(
        kind=Kind.RUN_FAILED,
        title=f"{names} failed{run.for_span}.",
        lines=tuple(lines),
        level=Level.FAILURE,
        owner=telling.owner_of(failed),
        link=telling.link_to_run(run.run.run_id),
    )


def tell_of_success(run: EndedRun, telling: Telling) -> Alert | None:
    """Describe the success of the daily job with its figures; None for any other run."""
    loads = run.metadata_of(RAW_ORDERS_KEY)
    if run.run.job_name != DAILY_JOB or not loads:
        return None
    orders = sum(int(_value(load, "row_count")) for load in loads)
    revenue = sum(float(_value(load, "total_amount")) for load in loads)
    minutes, seconds = divmod(round(run.ended - run.started), 60)
    return Alert(
        kind=Kind.DAILY_JOB_SUCCEEDED,
        title=f"{DAILY_JOB} succeeded{run.for_span}.",
        lines=(
            f"Orders: {orders:,}. Revenue: {revenue:,.2f} {telling.currency}.",
            f"Duration: {minutes} min {seconds} s.",
        ),
        level=Level.SUCCESS,
        link=telling.link_to_run(run.run.run_id),
    )


def tell_of_recovery(run: EndedRun, ledger: Ledger, telling: Telling) -> Alert | None:
    """Forget the failures that a run mended, and say so; None if it mended none.

    Dagster's own record of the days decides, for a range may be mended by several runs.
    """
    assets = {asset.to_user_string(): asset for asset in run.assets}
    mended = [
        problem
        for problem in ledger.problems
        if problem.kind == FAILED_RUN
        and problem.run_id != run.run.run_id
        and problem.subject in assets
        and _is_mended(assets[problem.subject], problem, run, telling)
    ]
    for problem in mended:
        ledger.problems.remove(problem)
    if not mended:
        return None
    lines = [f"{problem.subject} {problem.days}".strip() for problem in mended]
    return Alert(
        kind=Kind.RUN_FAILED,
        title="What had failed is stored now.",
        lines=tuple(lines),
        level=Level.SUCCESS,
        owner=telling.owner_of([assets[problem.subject] for problem in mended]),
        link=telling.link_to_run(run.run.run_id),
    )


def _is_mended(asset: dg.AssetKey, problem: Problem, run: EndedRun, telling: Telling) -> bool:
    is_of_days = bool(problem.first) and DAILY.has_partition_key(problem.first)
    if not is_of_days:  # a file, or an asset without partitions
        return run.is_success and run.span == (problem.first, problem.last)
    days = DAILY.get_partition_keys_in_range(dg.PartitionKeyRange(problem.first, problem.last))
    return set(fetch_statuses(telling.instance, asset, days).values()) == {"MATERIALIZED"}


def _list_failed_assets(run: EndedRun) -> list[dg.AssetKey]:
    """The assets of the failed steps; those downstream were only not reached. All, if the process died."""
    steps = [entry.step_key for entry in run.of(dg.DagsterEventType.STEP_FAILURE)]
    return [asset for step in steps for asset in run.planned.get(step or "", [])] if steps else run.assets


def _count_attempts(run: EndedRun) -> int:
    """How often the step was tried that was tried most often, in this run and in those that it retries."""
    steps = [entry.step_key for entry in run.of(dg.DagsterEventType.STEP_UP_FOR_RETRY)]
    return max((steps.count(step) for step in steps), default=0) + 1 + run.retries


def _format_names(assets: Iterable[dg.AssetKey]) -> str:
    names = [asset.to_user_string() for asset in assets]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _format_remedy(run: EndedRun, failed: list[dg.AssetKey]) -> str:
    first, last = run.span
    if first and DAILY.has_partition_key(first) and failed:
        return f"Fix the cause, then run the days again {format_rerun([first, last])}."
    return "Fix the cause, then launch the run again from its page in Dagster's UI."


def _value(metadata: Any, name: str) -> Any:
    """The value of an entry of metadata; 0 if it is missing."""
    return getattr(metadata.get(name), "value", 0) or 0
