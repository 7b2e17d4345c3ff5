"""What is told of sensors and schedules: that their ticks fail or do not come, and that they do again."""

from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.root_cause import find_sentence
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.private_apis.ticks import Instigator, list_running

BAD_TICKS = "ticks"
"""The kind of problem: a sensor or schedule that does not do its work."""

FAILING, SILENT = "failing", "silent"
_KINDS = {FAILING: Kind.TICKS_FAIL, SILENT: Kind.TICKS_MISSING}

FAILURES_IN_A_ROW = 3
"""How many ticks of a sensor fail before it is told: the next one, a minute later, often works. A schedule's
next one is a day later."""

MISSED_INTERVALS = 3
LONGEST_BREAK_SECONDS = 120.0
"""If the alerts' own sensor, which ticks every minute, paused for longer, the daemon was off: no other ticked
either, and that time does not count."""


def tell_of_ticks(ledger: Ledger, telling: Telling, now: float) -> list[Alert]:
    """Look at the last ticks of everything that is running."""
    if now - ledger.looked_at > LONGEST_BREAK_SECONDS:
        ledger.up_since = now
    ledger.looked_at = now
    alerts = []
    running = list_running(telling.instance, telling.repository, FAILURES_IN_A_ROW, MISSED_INTERVALS, now)
    for each in running:
        state, known = _judge(each, ledger.up_since, now), ledger.find(BAD_TICKS, each.name)
        if state and (known is None or known.state != state):
            ledger.replace(known, Problem(kind=BAD_TICKS, subject=each.name, state=state, since=now))
            alerts.append(_describe(each, state, telling))
        elif known and not state and (known.state == FAILING or each.last_tick > known.since):
            ledger.problems.remove(known)
            title = f"{each.name} works again."
            kind, level = _KINDS[known.state], Level.SUCCESS
            alerts.append(Alert(kind=kind, title=title, level=level, incident=each.name))
    names = {each.name for each in running}
    ledger.problems = [p for p in ledger.problems if p.kind != BAD_TICKS or p.subject in names]
    return alerts


def _judge(each: Instigator, up_since: float, now: float) -> str:
    enough = FAILURES_IN_A_ROW if each.is_sensor else 1
    if len(each.errors) >= enough and all(error is not None for error in each.errors[:enough]):
        return FAILING
    waited_since = max(each.last_tick, up_since)
    return SILENT if waited_since < now - each.patience else ""


def _describe(each: Instigator, state: str, telling: Telling) -> Alert:
    kind = "sensors" if each.is_sensor else "schedules"
    url = telling.settings.dagster_url
    if state == FAILING:
        title = f"{each.name} fails."
        lines = [find_sentence(each.errors[0]), "It is tried again by itself; fix the cause."]
    else:
        title = f"{each.name} has not ticked for {MISSED_INTERVALS} intervals."
        lines = ["Look whether the daemon and the code server run: `sales-assets doctor`."]
    link = f"{url}/automation" if url else f"Automation, {kind}, in Dagster's UI."
    return Alert(
        kind=_KINDS[state],
        title=title,
        lines=tuple(lines),
        level=Level.FAILURE,
        incident=each.name,
        link=link,
    )
