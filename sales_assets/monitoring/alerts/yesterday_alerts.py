"""What is told of yesterday: that it is not complete when people come to work, and when it is.

It wakes the person on call. The check `yesterday_is_complete` decides; if it cannot be evaluated, that is as
bad.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from sales_assets.catalog.names import FRESHNESS_JOB, YESTERDAY_CHECK
from sales_assets.catalog.partitions import DAILY
from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.ended_runs import EndedRun
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.root_cause import LONGEST_CAUSE, find_root_cause
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.redaction import cut_text

NOT_COMPLETE = "yesterday"
"""The kind of problem: the last business day is not in the marts. Its subject is empty, its state the day."""


def looks_at_yesterday(run: EndedRun) -> bool:
    """Whether all that a run does is to look whether yesterday is complete."""
    return run.run.job_name == FRESHNESS_JOB


def tell_of_yesterday(run: EndedRun, ledger: Ledger, telling: Telling) -> list[Alert]:
    """Describe what a run found of the last day, once for each day, and that it is complete then."""
    check = next((each for each in run.checks if each.asset_check_key == YESTERDAY_CHECK), None)
    yesterday = _find_yesterday(run)
    if yesterday is None:
        return []
    day = str(check.metadata["day"].value) if check else yesterday
    known = ledger.find(NOT_COMPLETE, "")
    if check is None or not check.passed:
        if day != yesterday or (known and known.state == day):
            return []
        ledger.replace(known, Problem(kind=NOT_COMPLETE, subject="", state=day, since=run.ended))
        reason = cut_text(check.description or "", LONGEST_CAUSE) if check else find_root_cause(run)
        return [_describe_incomplete(day, reason, run, telling)]
    if known is None or known.state > day:
        return []
    ledger.problems.remove(known)
    return [_describe_complete(day, known.state, run, telling)]


def _find_yesterday(run: EndedRun) -> str | None:
    """The last business day when a run ended; None if the first was not over."""
    days = DAILY.get_partition_keys(datetime.fromtimestamp(run.ended, ZoneInfo(DAILY.timezone)))
    return days[-1] if days else None


def _describe_incomplete(day: str, reason: str, run: EndedRun, telling: Telling) -> Alert:
    remedy = "`sales-assets doctor` says what does not work, `make repair RUN=1` runs what is missing."
    return Alert(
        kind=Kind.DAY_NOT_COMPLETE,
        title=f"Gold is not complete for {day}, so reports may be wrong.",
        lines=(*reason.splitlines(), remedy),
        level=Level.FAILURE,
        owner=telling.owner_of([YESTERDAY_CHECK.asset_key]),
        is_critical=True,
        incident=NOT_COMPLETE,
        link=telling.link_to_run(run.run.run_id),
    )


def _describe_complete(day: str, told_of: str, run: EndedRun, telling: Telling) -> Alert:
    still = f"{told_of} was not looked at again. `make repair` says whether something is missing."
    return Alert(
        kind=Kind.DAY_NOT_COMPLETE,
        title=f"Gold is complete for {day} now.",
        lines=(still,) if told_of != day else (),
        level=Level.SUCCESS,
        owner=telling.owner_of([YESTERDAY_CHECK.asset_key]),
        is_critical=True,
        incident=NOT_COMPLETE,
        link=telling.link_to_run(run.run.run_id),
    )
