"""What is told of a backfill that ended: how many of its runs failed, and for which partitions."""

import dagster as dg

from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.ended_runs import OVERLAP_SECONDS, span_of
from sales_assets.monitoring.alerts.ledger import Ledger, format_span
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.private_apis.backfills import Backfill, list_ended_backfills

_MOST_SPANS = 10


def tell_of_backfills(ledger: Ledger, telling: Telling) -> list[Alert]:
    """Describe each backfill that ended since the last tick."""
    alerts = []
    for backfill in list_ended_backfills(telling.instance, ledger.since - OVERLAP_SECONDS):
        if backfill.id not in ledger.seen:
            ledger.seen[backfill.id] = backfill.ended
            alerts.append(_describe(backfill, telling))
    return alerts


def _describe(backfill: Backfill, telling: Telling) -> Alert:
    runs = telling.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill.id}))
    failed = [run for run in runs if run.status is dg.DagsterRunStatus.FAILURE]
    spans = sorted({format_span(*span_of(run)) for run in failed} - {""})
    more = f" and {len(spans) - _MOST_SPANS} more" if len(spans) > _MOST_SPANS else ""
    is_success = backfill.is_success and not failed
    lines = [f"{len(runs)} run(s), {len(failed)} failed."]
    if failed:
        lines.append(f"Failed: {', '.join(spans[:_MOST_SPANS])}{more}. `make repair` plans what is missing.")
    url = telling.settings.dagster_url
    return Alert(
        kind=Kind.BACKFILL_ENDED,
        title=f"The backfill {backfill.id} {'succeeded' if is_success else backfill.outcome}.",
        lines=tuple(lines),
        level=Level.SUCCESS if is_success else Level.FAILURE,
        owner=telling.owner_of(backfill.assets),
        link=f"{url}/runs/b/{backfill.id}" if url else f"Backfill {backfill.id} in Dagster's UI.",
    )
