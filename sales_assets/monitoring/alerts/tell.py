"""One tick: what is new is noted, stored, and then sent, so that a tick that dies loses nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.approval_alerts import tell_of_approvals, was_only_held_back
from sales_assets.monitoring.alerts.backfill_alerts import tell_of_backfills
from sales_assets.monitoring.alerts.channels import AlertsResource
from sales_assets.monitoring.alerts.check_alerts import tell_of_checks
from sales_assets.monitoring.alerts.deliver import Delivery
from sales_assets.monitoring.alerts.digest_alert import tell_digest
from sales_assets.monitoring.alerts.ended_runs import EndedRun, list_ended_runs, mark_seen, read_run
from sales_assets.monitoring.alerts.ledger import Ledger, LedgerStore
from sales_assets.monitoring.alerts.no_data import tell_of_empty_days
from sales_assets.monitoring.alerts.run_alerts import tell_of_failure, tell_of_recovery, tell_of_success
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.monitoring.alerts.tick_alerts import tell_of_ticks
from sales_assets.monitoring.alerts.yesterday_alerts import looks_at_yesterday, tell_of_yesterday

SECONDS_PER_TICK = 30.0
"""How long a tick sends; Dagster ends it after 60 seconds, and a service may take ten to answer."""


@dataclass(frozen=True)
class Outcome:
    """What a tick did.

    Attributes:
        told: How many alerts came up.
        sent: How many messages were sent.
        waiting: How many alerts are still on their way.
    """

    told: int
    sent: int
    waiting: int

    def __str__(self) -> str:
        return f"{self.told} new alert(s), {self.sent} message(s) sent, {self.waiting} alert(s) waiting."


def tell_what_is_new(
    telling: Telling, alerts: AlertsResource, now: float, log: Callable[[str], None]
) -> Outcome:
    """Look for what is new, and send what waits.

    Args:
        telling: The deployment.
        alerts: The resource that sends.
        now: Seconds since 1970.
        log: Takes alerts that have no channel, and what did not arrive.

    Raises:
        LedgerTakenError: Another daemon does the same.
    """
    store, channels = LedgerStore(telling.instance), alerts.list_channels()
    ledger = store.open(now)
    new = find_news(telling, ledger, now)
    unheard = [alert for alert in new if not ledger.add(alert, channels, now)]
    store.save(ledger)
    for alert in unheard:
        safe = alert.redacted()
        log(f"{safe.title}\n{safe.format_body(alerts.runbook_url)}")
    deadline = time.monotonic() + SECONDS_PER_TICK
    delivery = Delivery(ledger, store.save, alerts.send, log, now, lambda: time.monotonic() < deadline)
    sent = delivery.run(channels)
    store.close(ledger)
    return Outcome(len(new), sent, len(ledger.waiting))


def find_news(telling: Telling, ledger: Ledger, now: float) -> list[Alert]:
    """What is new since the last tick; the ledger is changed accordingly."""
    alerts: list[Alert] = []
    for record in list_ended_runs(telling.instance, ledger):
        run_id, ended = record.dagster_run.run_id, record.end_time or now
        try:
            alerts += _tell_of_run(read_run(telling.instance, record), ledger, telling)
        except Exception as error:  # of any kind: it must not silence the other runs
            alerts.append(_describe_unreadable(record, error, telling))
        mark_seen(ledger, run_id, ended)
    return [
        *alerts,
        *tell_of_backfills(ledger, telling),
        *tell_of_ticks(ledger, telling, now),
        *tell_of_approvals(ledger, telling, now),
    ]


def _describe_unreadable(record: dg.RunRecord, error: Exception, telling: Telling) -> Alert:
    run, status = record.dagster_run, record.dagster_run.status.value.lower()
    title = f"A run of {run.job_name} ended with {status}, and its events could not be read."
    lines = (f"The error was {type(error).__name__}.",)
    link = telling.link_to_run(run.run_id)
    return Alert(kind=Kind.RUN_UNREADABLE, title=title, lines=lines, level=Level.FAILURE, link=link)


def _tell_of_run(run: EndedRun, ledger: Ledger, telling: Telling) -> list[Alert]:
    if run.will_be_retried:
        return []
    if looks_at_yesterday(run):
        return tell_of_yesterday(run, ledger, telling)
    if run.is_success:
        end = tell_of_success(run, telling)
    else:
        end = None if was_only_held_back(run) else tell_of_failure(run, ledger, telling)
    recovery = tell_of_recovery(run, ledger, telling)
    return [
        *([end] if end else []),
        *([recovery] if recovery else []),
        *tell_of_empty_days(run, ledger, telling),
        *tell_of_checks(run, ledger, telling),
        *tell_digest(run, ledger, telling),
    ]
