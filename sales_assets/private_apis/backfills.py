"""Dagster's records of backfills that ended."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
)

_MOST = 50
"""How many backfills are looked at, latest first: those that a tick has not seen are among them."""

_OUTCOMES = {BulkActionStatus.CANCELED: "was canceled", BulkActionStatus.COMPLETED_SUCCESS: "succeeded"}


@dataclass(frozen=True)
class Backfill:
    """A backfill that ended.

    Attributes:
        id: As the UI shows it.
        ended: When, in seconds since 1970.
        is_success: Whether Dagster calls it a success.
        outcome: The same as a verb.
        assets: What it was asked for.
    """

    id: str
    ended: float
    is_success: bool
    outcome: str
    assets: Sequence[dg.AssetKey]


def list_ended_backfills(instance: dg.DagsterInstance, since: float) -> list[Backfill]:
    """List the backfills that ended after a time, oldest first."""
    filters = BulkActionsFilter(statuses=list(set(BULK_ACTION_TERMINAL_STATUSES)))
    ended = [
        Backfill(
            each.backfill_id,
            each.backfill_end_timestamp,
            each.status is BulkActionStatus.COMPLETED_SUCCESS,
            _OUTCOMES.get(each.status, "failed"),
            each.asset_selection or [],
        )
        for each in instance.get_backfills(filters, limit=_MOST)
        if each.backfill_end_timestamp and each.backfill_end_timestamp > since
    ]
    return sorted(ended, key=lambda backfill: backfill.ended)
