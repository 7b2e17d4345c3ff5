"""What is told of gold itself: that yesterday is not in it when people come to work, and when it is."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sales_assets.catalog.names import FCT_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY
from sales_assets.catalog.policies import READY_HOUR
from sales_assets.catalog.records import find_days_never_loaded
from sales_assets.catalog.remedies import format_rerun
from sales_assets.monitoring.alerts.alert import Alert, Level
from sales_assets.monitoring.alerts.ledger import Ledger, Problem
from sales_assets.monitoring.alerts.telling import Telling

LATE_GOLD = "gold"
"""The kind of problem: a day that is not in gold."""


def tell_of_gold(ledger: Ledger, telling: Telling, now: float) -> list[Alert]:
    """Look once a morning whether yesterday is in gold, and until it is whether it has come."""
    local = datetime.fromtimestamp(now, ZoneInfo(DAILY.timezone))
    yesterday = DAILY.get_partition_keys(local)[-1]
    late = [problem.subject for problem in ledger.problems if problem.kind == LATE_GOLD]
    is_due = local.hour >= READY_HOUR and ledger.gold_looked_at < yesterday
    if is_due:
        ledger.gold_looked_at = yesterday
        if yesterday not in late:
            late.append(yesterday)
    missing = set(find_days_never_loaded(telling.instance, FCT_ORDERS_KEY, late))
    known = {problem.subject for problem in ledger.problems if problem.kind == LATE_GOLD}
    ledger.problems = [p for p in ledger.problems if p.kind != LATE_GOLD or p.subject in missing]
    new = sorted(missing - known)
    ledger.problems += [Problem(kind=LATE_GOLD, subject=day, since=now) for day in new]
    return [
        *(_describe_late(telling, day) for day in new),
        *(_describe_arrival(telling, day) for day in sorted(known - missing)),
    ]


def _describe_late(telling: Telling, day: str) -> Alert:
    return Alert(
        title=f"Gold has no sales of {day} at {READY_HOUR:02}:00.",
        lines=(
            f"{FCT_ORDERS_KEY.to_user_string()} was never stored for the day, so reports end before it.",
            f"`sales-assets doctor` says what does not work. Then run the day {format_rerun([day])}.",
        ),
        level=Level.FAILURE,
        owner=telling.owner_of([FCT_ORDERS_KEY]),
        is_critical=True,
        link=telling.settings.dagster_url,
    )


def _describe_arrival(telling: Telling, day: str) -> Alert:
    owner = telling.owner_of([FCT_ORDERS_KEY])
    title = f"Gold is complete for {day} now."
    return Alert(title=title, level=Level.SUCCESS, owner=owner, is_critical=True)
