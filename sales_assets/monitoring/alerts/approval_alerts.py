"""What is told of results that wait for a person: that they wait, and what became of them."""

import dagster as dg

from sales_assets.catalog.approvals import Entry, State, read_entries
from sales_assets.catalog.names import MONTHLY_REVENUE_KEY, RESTATEMENT_CHECK
from sales_assets.catalog.remedies import format_approval
from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.ended_runs import EndedRun
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.telling import Telling

WAITS_FOR_APPROVAL = "approval"
"""The kind of problem: a result waits for a person. Its state is the result's content."""


def was_only_held_back(run: EndedRun) -> bool:
    """Whether a run failed only because a result waits for a person, which is told by itself."""
    failed = [check.asset_check_key for check in run.checks if not check.passed]
    steps = run.of(dg.DagsterEventType.STEP_FAILURE)
    return failed == [RESTATEMENT_CHECK] and not any(run.planned.get(step.step_key or "") for step in steps)


def tell_of_approvals(ledger: Ledger, telling: Telling, now: float) -> list[Alert]:
    """Describe what waits since the last tick, again if its content has changed, and what waits no longer."""
    if telling.settings.closed_after_days is None:
        return []
    alerts = []
    entries = read_entries(telling.instance, MONTHLY_REVENUE_KEY)
    for subject, [latest, *_] in entries.items():
        known = ledger.find(WAITS_FOR_APPROVAL, subject)
        if latest.state is State.HELD_BACK and (known is None or known.state != latest.content):
            ledger.replace(
                known, Problem(kind=WAITS_FOR_APPROVAL, subject=subject, state=latest.content, since=now)
            )
            alerts.append(_describe_waiting(latest, telling))
        elif latest.state is not State.HELD_BACK and known:
            ledger.problems.remove(known)
            alerts.append(_describe_end(latest, telling))
    return alerts


def _describe_waiting(entry: Entry, telling: Telling) -> Alert:
    kept = "Gold keeps what was published. The days that were held back are in silver_enriched_orders."
    return Alert(
        kind=Kind.APPROVAL,
        title=f"The revenue of {entry.subject} waits for approval.",
        lines=(entry.reason, kept, format_approval(entry.subject)),
        level=Level.WARNING,
        owner=telling.owner_of([MONTHLY_REVENUE_KEY]),
        link=telling.settings.dagster_url,
    )


def _describe_end(entry: Entry, telling: Telling) -> Alert:
    what = f"was approved by {entry.by}" if entry.by else "no longer needs approval"
    return Alert(
        kind=Kind.APPROVAL,
        title=f"The revenue of {entry.subject} {what}.",
        lines=(entry.reason,),
        level=Level.SUCCESS,
        owner=telling.owner_of([MONTHLY_REVENUE_KEY]),
    )
