"""What is told of results that wait for a person: that they wait, and what became of them."""

from typing import Any

import dagster as dg

from sales_assets.catalog.approvals import APPROVED_ASSETS, Entry, State, read_entries
from sales_assets.catalog.names import (
    AWAITS_A_PERSON,
    CHURN_SCORES_KEY,
    FORECAST_MODEL_KEY,
    MONTHLY_REVENUE_KEY,
    RESTATEMENT_CHECK,
)
from sales_assets.catalog.remedies import format_approval
from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.ended_runs import EndedRun
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.telling import Telling

WAITS_FOR_APPROVAL = "approval"
"""The kind of problem: a result waits for a person. Its state is the result's content."""


_TITLES = {
    MONTHLY_REVENUE_KEY: "The revenue of {subject}",
    FORECAST_MODEL_KEY: "The new {subject}",
    CHURN_SCORES_KEY: "The new model of {subject}",
}
_KEPT = {
    MONTHLY_REVENUE_KEY: (
        "Gold keeps what was published. The days that were held back are in silver_enriched_orders."
    ),
    FORECAST_MODEL_KEY: "The published model and its forecasts stay.",
    CHURN_SCORES_KEY: "Scores that were published before stay as they are.",
}


def is_held_back(check: Any) -> bool:
    """Whether a check fails only because a result waits for a person."""
    return check.asset_check_key == RESTATEMENT_CHECK or (
        not check.passed and AWAITS_A_PERSON in check.metadata
    )


def was_only_held_back(run: EndedRun) -> bool:
    """Whether a run failed only because results wait for a person, which is told by itself."""
    errors = [each for each in run.checks if not each.passed and each.severity is dg.AssetCheckSeverity.ERROR]
    held = {each.asset_key for each in errors if AWAITS_A_PERSON in each.metadata}
    steps = run.of(dg.DagsterEventType.STEP_FAILURE)
    broken = {asset for step in steps for asset in run.planned.get(step.step_key or "", [])}
    return bool(errors) and all(map(is_held_back, errors)) and broken <= held


def tell_of_approvals(ledger: Ledger, telling: Telling, now: float) -> list[Alert]:
    """Describe what waits since the last tick, again if its content has changed, and what waits no longer."""
    closes_months = telling.settings.closed_after_days is not None
    assets = [asset for asset in APPROVED_ASSETS if closes_months or asset != MONTHLY_REVENUE_KEY]
    return [alert for asset in assets for alert in _tell_of_asset(asset, ledger, telling, now)]


def _tell_of_asset(asset: dg.AssetKey, ledger: Ledger, telling: Telling, now: float) -> list[Alert]:
    alerts = []
    for subject, [latest, *_] in read_entries(telling.instance, asset).items():
        known = ledger.find(WAITS_FOR_APPROVAL, subject)
        if latest.state is State.HELD_BACK and (known is None or known.state != latest.content):
            ledger.replace(
                known, Problem(kind=WAITS_FOR_APPROVAL, subject=subject, state=latest.content, since=now)
            )
            alerts.append(_describe_waiting(asset, latest, telling))
        elif latest.state is not State.HELD_BACK and known:
            ledger.problems.remove(known)
            alerts.append(_describe_end(asset, latest, telling))
    return alerts


def _describe_waiting(asset: dg.AssetKey, entry: Entry, telling: Telling) -> Alert:
    return Alert(
        kind=Kind.APPROVAL,
        title=f"{_TITLES[asset].format(subject=entry.subject)} waits for approval.",
        lines=(entry.reason, _KEPT[asset], format_approval(entry.subject)),
        level=Level.WARNING,
        owner=telling.owner_of([asset]),
        link=telling.settings.dagster_url,
    )


def _describe_end(asset: dg.AssetKey, entry: Entry, telling: Telling) -> Alert:
    what = f"was approved by {entry.by}" if entry.by else "no longer needs approval"
    return Alert(
        kind=Kind.APPROVAL,
        title=f"{_TITLES[asset].format(subject=entry.subject)} {what}.",
        lines=(entry.reason,),
        level=Level.SUCCESS,
        owner=telling.owner_of([asset]),
    )
