"""Which runs ended, and what their events say about them. What is told of it belongs to the other modules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from sales_assets.catalog.names import PARTITION_TAG
from sales_assets.monitoring.alerts.ledger import Ledger, format_span
from sales_assets.operations.repair.gaps import RANGE_END, RANGE_START
from sales_assets.private_apis.instance import read_events

OVERLAP_SECONDS = 600.0
"""How far a tick looks back: clocks differ, and the end of a run is stored some time after it."""

RUNS_PER_TICK = 50
"""How many runs a tick reads; after an outage the next ticks read the rest."""

_RETRY_NUMBER, _WILL_RETRY = "dagster/retry_number", "dagster/will_retry"

_TYPES = [
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_UP_FOR_RETRY,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
]


@dataclass
class EndedRun:
    """A run that ended, and its events.

    Attributes:
        run: As Dagster has it.
        started: In seconds since 1970.
        ended: In seconds since 1970.
        planned: The assets of each step.
        events: The events by type, in order.
    """

    run: dg.DagsterRun
    started: float
    ended: float
    planned: dict[str, list[dg.AssetKey]] = field(default_factory=dict)
    events: dict[dg.DagsterEventType, list[dg.EventLogEntry]] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether it did all it was asked for."""
        return self.run.status is dg.DagsterRunStatus.SUCCESS

    @property
    def will_be_retried(self) -> bool:
        """Whether Dagster starts it again, so that its end is not the last word."""
        return self.run.tags.get(_WILL_RETRY, "").lower() == "true"

    @property
    def retries(self) -> int:
        """How many runs of the same request failed before."""
        return int(self.run.tags.get(_RETRY_NUMBER, "0"))

    @property
    def span(self) -> tuple[str, str]:
        """The first and the last partition; empty texts if the run has none."""
        return span_of(self.run)

    @property
    def for_span(self) -> str:
        """The partitions as the end of a sentence, such as ` for 2025-01-15`; empty if the run has none."""
        first, last = self.span
        return f" for {format_span(first, last)}" if first else ""

    @property
    def assets(self) -> list[dg.AssetKey]:
        """The assets of all steps."""
        return [asset for assets in self.planned.values() for asset in assets]

    @property
    def checks(self) -> Iterator[Any]:
        """The last evaluation of each check; those of earlier attempts do not count."""
        last = {}
        for entry in self.of(dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            evaluation: Any = entry.get_dagster_event().event_specific_data
            last[(evaluation.asset_key, evaluation.check_name)] = evaluation
        yield from last.values()

    def of(self, type_: dg.DagsterEventType) -> list[dg.EventLogEntry]:
        """The events of a type."""
        return self.events.get(type_, [])

    def metadata_of(self, asset: dg.AssetKey) -> list[Mapping[str, Any]]:
        """The metadata of an asset's materializations, one for each partition."""
        entries = self.of(dg.DagsterEventType.ASSET_MATERIALIZATION)
        found = [entry.asset_materialization for entry in entries]
        return [each.metadata for each in found if each and each.asset_key == asset]

    def observation_of(self, asset: dg.AssetKey, name: str) -> Mapping[str, Any] | None:
        """The metadata of an asset's last observation that has an entry of that name; None without one."""
        found = [entry.asset_observation for entry in self.of(dg.DagsterEventType.ASSET_OBSERVATION)]
        of_asset = [each.metadata for each in found if each and each.asset_key == asset]
        return next((metadata for metadata in reversed(of_asset) if name in metadata), None)


def span_of(run: dg.DagsterRun) -> tuple[str, str]:
    """The first and the last partition of a run; empty texts if it has none."""
    one = run.tags.get(PARTITION_TAG, "")
    return run.tags.get(RANGE_START, one), run.tags.get(RANGE_END, one)


def list_ended_runs(instance: dg.DagsterInstance, ledger: Ledger) -> list[dg.RunRecord]:
    """The runs that ended and were not looked at, oldest first, as many as a tick reads."""
    earliest = ledger.since - OVERLAP_SECONDS
    statuses = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    filters = dg.RunsFilter(statuses=statuses, updated_after=datetime.fromtimestamp(earliest, UTC))
    # A run that is only tagged later is among them too, so its end decides.
    new = [
        (record.end_time, record)
        for record in instance.get_run_records(filters)
        if record.end_time and record.end_time > earliest and record.dagster_run.run_id not in ledger.seen
    ]
    return [record for _, record in sorted(new, key=lambda each: each[0])[:RUNS_PER_TICK]]


def read_run(instance: dg.DagsterInstance, record: dg.RunRecord) -> EndedRun:
    """A run with what its events say."""
    end = record.end_time or 0.0
    run = EndedRun(record.dagster_run, record.start_time or end, end)
    for entry in read_events(instance, run.run.run_id, _TYPES):
        event = entry.get_dagster_event()
        run.events.setdefault(event.event_type, []).append(entry)
        if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED and event.asset_key:
            assets = run.planned.setdefault(event.step_key or "", [])
            if event.asset_key not in assets:
                assets.append(event.asset_key)
    return run


def mark_seen(ledger: Ledger, id_: str, ended: float) -> None:
    """Remember that a run or backfill was looked at, and forget what the next tick cannot see again."""
    ledger.since = max(ledger.since, ended)
    ledger.seen[id_] = ended
    ledger.seen = {each: end for each, end in ledger.seen.items() if end > ledger.since - 2 * OVERLAP_SECONDS}
