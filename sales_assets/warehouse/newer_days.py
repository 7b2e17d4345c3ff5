"""Tells of the days that a write left as they were, because their stored rows were read later than its own.

Which days these are is decided in the write; see `readings.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from sales_assets.catalog.names import KEPT_NEWER_ROWS, READ_AT
from sales_assets.catalog.records import fetch_latest_records
from sales_assets.private_apis.outputs import read_instance, replace_partition_metadata
from sales_assets.warehouse.readings import Reading, find_windows
from sales_assets.warehouse.slices import Slice


def report_newer_days(
    context: dg.OutputContext, slice_: Slice, newer: Sequence[Reading], read_at: datetime | None
) -> None:
    """Warn of the days that stayed as they were, and describe each by what is stored instead of by this run.

    They count as materialized: what they have is newer than what was asked for. Their metadata is that of
    the load that stored it, unless Dagster has no record of that load.

    Args:
        context: The context of the output that was stored.
        slice_: The run's days.
        newer: The readings of the days that stayed.
        read_at: When this run read its rows.
    """
    stored = _find_days(context, slice_, newer)
    if not stored or read_at is None:
        return
    ours = _format_instant(read_at)
    asset, days = context.asset_key.to_user_string(), ", ".join(sorted(stored))
    context.log.warning(
        f"{asset} for {days} was read again by another run after this run had read it, at {ours}. The newer "
        "rows are kept, and this run's are not stored for these days. Nothing needs to be done."
    )
    records = fetch_latest_records(read_instance(context), context.asset_key, stored)
    for day, instant in stored.items():
        kept = f"The stored rows were read at {_format_instant(instant)}, after this run's, at {ours}."
        reported = _find_metadata_of(records.get(day), instant)
        own = {READ_AT: dg.MetadataValue.timestamp(instant), KEPT_NEWER_ROWS: kept}
        replace_partition_metadata(context, day, {**reported, **own})


def _find_days(context: dg.OutputContext, slice_: Slice, newer: Sequence[Reading]) -> dict[str, datetime]:
    """Find the run's days that newer readings cover, and when their rows were read."""
    windows = find_windows(slice_)
    if windows is None or not newer:
        return {}
    starts = {
        day: windows.find_start(day, context.asset_partitions_def) for day in context.asset_partition_keys
    }
    covering = {day: [each.read_at for each in newer if each.covers(start)] for day, start in starts.items()}
    return {day: max(found).replace(tzinfo=UTC) for day, found in covering.items() if found}


def _find_metadata_of(record: dg.EventLogRecord | None, read_at: datetime) -> Mapping[str, Any]:
    """Find what the load reported whose rows were read at an instant; empty if this record is another's."""
    event = record.asset_materialization if record else None
    metadata = event.metadata if event else {}
    reported = metadata.get(READ_AT)
    return metadata if reported and reported.value == read_at.timestamp() else {}


def _format_instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
