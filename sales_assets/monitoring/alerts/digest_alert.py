"""The morning's digest as an alert: the figures that a run of `digest_job` recorded, and what is wrong."""

from sales_assets.catalog.names import DAILY_SALES_KEY, DIGEST
from sales_assets.monitoring.alerts.alert import Alert, Kind
from sales_assets.monitoring.alerts.approval_alerts import WAITS_FOR_APPROVAL
from sales_assets.monitoring.alerts.check_alerts import FAILED_CHECK
from sales_assets.monitoring.alerts.ended_runs import EndedRun
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.no_data import NO_DATA
from sales_assets.monitoring.alerts.pictures import find_plot
from sales_assets.monitoring.alerts.run_alerts import FAILED_RUN
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.monitoring.alerts.tick_alerts import BAD_TICKS
from sales_assets.monitoring.alerts.yesterday_alerts import NOT_COMPLETE
from sales_assets.monitoring.digest.text import describe_problems

_SORTS = {
    NOT_COMPLETE: "Late or not complete",
    FAILED_RUN: "Failed",
    FAILED_CHECK: "Checks that do not pass",
    NO_DATA: "No orders in the ERP",
    WAITS_FOR_APPROVAL: "Revenue that waits for approval",
    BAD_TICKS: "Sensors and schedules that do not work",
}


def tell_digest(run: EndedRun, ledger: Ledger, telling: Telling) -> list[Alert]:
    """Build the digest that a run recorded, unless one of that day or a later one was told."""
    recorded = run.observation_of(DAILY_SALES_KEY, DIGEST)
    if recorded is None:
        return []
    day = str(recorded["day"].value)
    if day <= ledger.digest_of:
        return []
    ledger.digest_of = day
    figures = [line for line in str(recorded[DIGEST].value).splitlines() if line]
    return [
        Alert(
            kind=Kind.DIGEST,
            title=f"Sales of {day}.",
            lines=(*figures, *describe_problems(_name(problem) for problem in ledger.problems)),
            owner=telling.owner_of([DAILY_SALES_KEY]),
            link=telling.link_to_run(run.run.run_id),
            picture=find_plot(telling.instance, DAILY_SALES_KEY),
        )
    ]


def _name(problem: Problem) -> tuple[str, str]:
    subject = problem.state if problem.kind == NOT_COMPLETE else problem.subject
    return _SORTS.get(problem.kind, problem.kind), f"{subject} {problem.days}".strip()
