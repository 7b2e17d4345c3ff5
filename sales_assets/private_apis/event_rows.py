"""The rows of the event log for the events of a batch.

A range plans to materialize each asset on each of its days: events that differ in the day and the time alone.
The first of them is serialised as Dagster does, which takes a millisecond; the others are made of it. Where
rows are stored belongs to `event_log.py`.
"""

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import dagster as dg
from dagster._core.events import AssetMaterializationPlannedData
from dagster._core.storage.event_log import SqlEventLogStorage


def build_rows(storage: SqlEventLogStorage, events: Sequence[dg.EventLogEntry]) -> list[dict[str, Any]]:
    """Build the row of each event, as Dagster's `_event_to_row` does.

    Args:
        storage: The event log.
        events: The events of a batch.
    """
    rows: list[dict[str, Any]] = []
    for common, alike in groupby(events, _remove_planned_day):
        if common is None:
            rows += [storage._event_to_row(event) for event in alike]
        else:
            rows += _build_planned_rows(storage, list(alike))
    return rows


def _remove_planned_day(event: dg.EventLogEntry) -> dg.EventLogEntry | None:
    """What the events of an asset have in common that a run intends to materialize; None for other events."""
    planned = event.dagster_event.event_specific_data if event.dagster_event else None
    if not isinstance(planned, AssetMaterializationPlannedData):
        return None
    of_all_days = event.get_dagster_event()._replace(event_specific_data=planned._replace(partition=None))
    return event._replace(timestamp=0.0, dagster_event=of_all_days)


def _build_planned_rows(
    storage: SqlEventLogStorage, events: Sequence[dg.EventLogEntry]
) -> list[dict[str, Any]]:
    row = storage._event_to_row(events[0])
    packed = json.loads(row["event"])
    rows = []
    for event in events:
        partition = event.get_dagster_event().partition
        packed["timestamp"] = event.timestamp
        packed["dagster_event"]["event_specific_data"]["partition"] = partition
        timestamp = storage._event_insert_timestamp(event)  # type: ignore[no-untyped-call]
        rows.append({**row, "event": json.dumps(packed), "timestamp": timestamp, "partition": partition})
    return rows
