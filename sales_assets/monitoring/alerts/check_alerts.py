"""What is told of asset checks: which fail or warn, with their numbers, and which pass again.

Of some checks other modules tell: `yesterday_alerts.py` and `approval_alerts.py`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from sales_assets.catalog.names import YESTERDAY_CHECK
from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.approval_alerts import is_held_back
from sales_assets.monitoring.alerts.ended_runs import EndedRun
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.telling import Telling

FAILED_CHECK = "check"
"""The kind of problem: a check that does not pass."""

_MOST_NUMBERS = 8
_NUMBERS = (dg.IntMetadataValue, dg.FloatMetadataValue, dg.BoolMetadataValue)
"""Only numbers are told: a text of a check may be a row's."""


def tell_of_checks(run: EndedRun, ledger: Ledger, telling: Telling) -> list[Alert]:
    """Compare the checks of a run with what is known of them, and describe what is new."""
    checks = [
        each for each in run.checks if each.asset_check_key != YESTERDAY_CHECK and not is_held_back(each)
    ]
    failing = [each for each in checks if not each.passed and _is_news(run, ledger, each)]
    passed = [each for each in checks if each.passed]
    recovered = [text for each in passed for text in _close(run, ledger, each)]
    alerts = []
    if failing:
        alerts.append(_build(run, telling, failing))
    if recovered:
        owner = telling.owner_of([each.asset_key for each in passed])
        link = telling.link_to_run(run.run.run_id)
        title = "Checks that had failed pass again."
        alerts.append(
            Alert(
                kind=Kind.CHECK_FAILED,
                title=title,
                lines=tuple(recovered),
                level=Level.SUCCESS,
                owner=owner,
                link=link,
            )
        )
    return alerts


def _is_news(run: EndedRun, ledger: Ledger, check: Any) -> bool:
    """Whether a failure does not only repeat what was told: another day, or another severity, is new."""
    first, last = run.span
    known = ledger.find(FAILED_CHECK, _name(check), first, last)
    severity = check.severity.value
    new = Problem(kind=FAILED_CHECK, subject=_name(check), first=first, last=last, state=severity)
    ledger.replace(known, new.model_copy(update={"run_id": run.run.run_id, "since": run.ended}))
    return known is None or known.state != severity


def _close(run: EndedRun, ledger: Ledger, check: Any) -> list[str]:
    """Forget the problems that a check which passed disproves: those of days that its run covers."""
    first, last = run.span
    disproved = [
        problem
        for problem in ledger.problems
        if problem.kind == FAILED_CHECK
        and problem.subject == _name(check)
        and (first <= problem.first and problem.last <= last if problem.first else not first)
    ]
    for problem in disproved:
        ledger.problems.remove(problem)
    return [f"{problem.subject} {problem.days}".strip() for problem in disproved]


def _build(run: EndedRun, telling: Telling, checks: list[Any]) -> Alert:
    is_error = any(check.severity is dg.AssetCheckSeverity.ERROR for check in checks)
    verb = "failed" if is_error else "warns" if len(checks) == 1 else "warn"
    subject = f"The check {checks[0].check_name}" if len(checks) == 1 else f"{len(checks)} checks"
    return Alert(
        kind=Kind.CHECK_FAILED,
        title=f"{subject} {verb}{run.for_span}.",
        lines=tuple(_describe(check) for check in checks),
        level=Level.FAILURE if is_error else Level.WARNING,
        owner=telling.owner_of([check.asset_key for check in checks]),
        link=telling.link_to_run(run.run.run_id),
    )


def _describe(check: Any) -> str:
    numbers = ", ".join(_format_numbers(check.metadata)[:_MOST_NUMBERS])
    severity = "failed" if check.severity is dg.AssetCheckSeverity.ERROR else "warns"
    return f"{_name(check)} {severity}{f': {numbers}' if numbers else ''}."


def _format_numbers(metadata: Mapping[str, Any]) -> list[str]:
    return [f"{name} {value.value}" for name, value in metadata.items() if isinstance(value, _NUMBERS)]


def _name(check: Any) -> str:
    return f"{check.asset_key.to_user_string()}: {check.check_name}"
