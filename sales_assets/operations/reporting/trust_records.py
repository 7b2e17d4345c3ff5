"""Reads from Dagster's records how far gold can be trusted. How that is told belongs to `reports/`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from sales_assets.catalog.names import (
    DAILY_SALES_KEY,
    FCT_ORDERS_KEY,
    LAST_COMPARED_DAY,
    RAW_ORDERS_KEY,
    RECONCILIATION_CHECK,
)
from sales_assets.catalog.records import fetch_statuses, find_days_without_orders
from sales_assets.private_apis.evaluated_checks import list_evaluated_checks
from sales_assets.private_apis.instance import read_previous_evaluation
from sales_assets.reports.dashboard.content import Trust

_REJECTED = dg.AssetCheckKey(RAW_ORDERS_KEY, "no_orders_are_rejected")
_STORED = "MATERIALIZED"


def read_trust(instance: dg.DagsterInstance, days: Sequence[str]) -> Trust:
    """Read what is recorded of the last days, and the latest result of each check that ran meanwhile.

    Args:
        instance: Has the records.
        days: The partition keys of the last business days, which ought to be complete.
    """
    missing = find_missing_days(instance, days)
    checks = list_evaluated_checks(instance, datetime.now(UTC) - timedelta(days=len(days)))
    results = {check: read_previous_evaluation(instance, check) for check in checks}
    failing = sorted(
        f"{check.asset_key.to_user_string()}: {check.name}"
        for check, result in results.items()
        if result and not result.passed
    )
    built = instance.get_latest_materialization_event(DAILY_SALES_KEY)
    reconciled = _read_metadata(results.get(RECONCILIATION_CHECK))
    differing = sorted(map(str, reconciled.get("differing_days", ())))
    return Trust(
        last_day=days[-1],
        built_at=datetime.fromtimestamp(built.timestamp, UTC) if built else None,
        complete_until="" if days[0] in missing else _find_day_before(missing) or days[-1],
        missing=missing,
        reconciled_until=_find_day_before(differing) or str(reconciled.get(LAST_COMPARED_DAY, "")),
        differing=differing,
        rejected=int(_read_metadata(results.get(_REJECTED)).get("rejected_orders", 0)),
        failing=failing,
    )


def find_missing_days(instance: dg.DagsterInstance, days: Sequence[str]) -> list[str]:
    """Find the days that are not in gold, or whose latest run failed; a day without orders is not missing."""
    statuses = fetch_statuses(instance, FCT_ORDERS_KEY, days)
    missing = [day for day in days if statuses[day] != _STORED]
    without_orders = find_days_without_orders(instance, missing)
    return [day for day in missing if day not in without_orders]


def _find_day_before(days: Sequence[str]) -> str:
    """The day before the first of some days; empty if there are none."""
    return str(date.fromisoformat(days[0]) - timedelta(days=1)) if days else ""


def _read_metadata(result: dg.AssetCheckEvaluation | None) -> Mapping[str, Any]:
    return {name: value.value for name, value in result.metadata.items()} if result else {}
