"""Plans the runs after which the warehouse is complete, up to date and equal to the ERP.

This module only reads. The command `make repair` and the job `repair_job` show the plan, and `launch.py`
executes it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import dagster as dg
import pandas as pd

from sales_assets.catalog.names import FCT_ORDERS_KEY, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import Window, window_between
from sales_assets.operations.reconciliation.compare import NO_ERP_ORDERS, UNEXPLAINED, WITHOUT_AMOUNT
from sales_assets.operations.reconciliation.reconcile import reconcile
from sales_assets.operations.repair.gaps import (
    MISSING,
    STALE,
    Gaps,
    find_gaps,
    find_outdated,
    find_stale,
    format_days,
    merge_gaps,
)
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.planned_runs import (
    PlannedRun,
    number_runs,
    plan_runs,
    put_unpartitioned_last,
)
from sales_assets.operations.repair.unchanged import describe_numbers, find_unchanged
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader

DIFFERS_FROM_ERP = "differs"
"""The reason of a day whose sales in gold are not those of the ERP."""

_NO_RUNS = ["  nothing to run"]
_IN_PROGRESS = (
    "  Skipped, a queued or running run already covers {days}. If that run is dead, mark it failed in the UI."
)
_OUTDATED = "  Not in the plan: outdated days, made by older code. `make repair OUTDATED=1` plans them too."
_NOT_IN_ERP = (
    "  Skipped: the ERP no longer has orders for {days}. Existing rows are kept. If those days really are "
    "empty, rerun raw_orders for them with allow_empty: true."
)
_IN_VAIN = (
    "  Skipped: a repair changed nothing for {days}. They differ from the ERP in the same numbers since; "
    "`agrees_with_the_erp` shows them. If you have mended the cause, run `make backfill` for them."
)


@dataclass(frozen=True)
class RepairPlan:
    """Gaps and differences, and the runs that fix them.

    Attributes:
        window: The days that were examined.
        days: By day and daily asset, the reason to run it.
        unpartitioned: By unpartitioned asset, the reason to run it.
        in_progress: The days that a queued or running run covers.
        not_in_erp: The stored days for which the ERP no longer has orders.
        runs: The runs, in order.
        numbers: By day that is run because it differs, in what numbers it does.
        in_vain: The differing days that a repair ran before and changed nothing.
        outdated: By day and daily asset, what older code made; in `days` too if it was asked for.
    """

    window: Window
    days: Gaps
    unpartitioned: Mapping[dg.AssetKey, str]
    in_progress: set[str]
    not_in_erp: list[str]
    runs: list[PlannedRun]
    numbers: Mapping[str, str] = field(default_factory=dict)
    in_vain: list[str] = field(default_factory=list)
    outdated: Gaps = field(default_factory=dict)

    def __str__(self) -> str:
        lines = self._format_gaps()
        if merge_gaps(self.days, self.outdated) != self.days:
            lines.append(_OUTDATED)
        if self.in_progress:
            lines.append(_IN_PROGRESS.format(days=format_days(self.in_progress)))
        if self.not_in_erp:
            lines.append(_NOT_IN_ERP.format(days=format_days(self.not_in_erp)))
        if self.in_vain:
            lines.append(_IN_VAIN.format(days=format_days(self.in_vain)))
        if not lines:
            return f"Nothing is missing, failed, stale or different from the ERP in {self.window}."
        plan = number_runs(self.runs) or _NO_RUNS
        return "\n".join([f"Found in {self.window}:", *lines, "The plan:", *plan])

    def _format_gaps(self) -> list[str]:
        days_by_reason: dict[tuple[str, str], list[str]] = {}
        for day, reasons in merge_gaps(self.days, self.outdated).items():
            for asset, reason in reasons.items():
                days_by_reason.setdefault((asset.to_user_string(), reason), []).append(day)
        daily = [
            f"  {asset:24} {reason:8} {len(days):4} day(s): {format_days(days)}"
            for (asset, reason), days in days_by_reason.items()
        ]
        return daily + [f"  {key.to_user_string():24} {reason}" for key, reason in self.unpartitioned.items()]


def plan_repair(
    window: Window,
    lineage: Lineage,
    instance: dg.DagsterInstance,
    *,
    postgres_erp: PostgresResource,
    warehouse: WarehouseReader,
    at_most: int | None,
    remake_outdated: bool = False,
) -> RepairPlan:
    """Find gaps and differences from the ERP, and plan the runs that fix them.

    Args:
        window: The days to examine.
        lineage: The assets of the daily job.
        instance: Has the records of materializations and runs.
        postgres_erp: The ERP to compare gold with.
        warehouse: Has gold.
        at_most: The maximum number of days per run; None for no maximum.
        remake_outdated: Whether days that older code made are planned too, instead of only told.
    """
    gaps, in_progress = find_gaps(instance, lineage, window.days)
    complete = [day for day in window.days if day not in gaps and day not in in_progress]
    differences = find_differences(complete, postgres_erp, warehouse, instance)
    not_in_erp = list(differences.loc[differences["reason"] == NO_ERP_ORDERS, "day"])
    numbers = describe_numbers(differences[differences["reason"] != NO_ERP_ORDERS])
    unexplained = differences[differences["reason"] == UNEXPLAINED]
    in_vain = find_unchanged(instance, describe_numbers(unexplained))
    numbers = {day: each for day, each in numbers.items() if day not in in_vain}
    differing = {day: {RAW_ORDERS_KEY: DIFFERS_FROM_ERP, FCT_ORDERS_KEY: DIFFERS_FROM_ERP} for day in numbers}
    examined = [day for day in complete if day not in not_in_erp]
    stale, outdated = find_stale(instance, lineage, examined), find_outdated(instance, lineage, examined)
    days = merge_gaps(gaps, differing, stale, outdated if remake_outdated else {})
    runs = plan_runs(days, lineage, at_most)
    unpartitioned = _find_unpartitioned_gaps(instance, lineage, {key for run in runs for key in run.assets})
    runs = put_unpartitioned_last(runs, lineage, unpartitioned)
    return RepairPlan(window, days, unpartitioned, in_progress, not_in_erp, runs, numbers, in_vain, outdated)


def find_differences(
    days: list[str], postgres_erp: PostgresResource, warehouse: WarehouseReader, instance: dg.DagsterInstance
) -> pd.DataFrame:
    """Find which of some days, in order, have other sales in gold than in the ERP; see `reconcile`."""
    if not days:
        return pd.DataFrame(columns=["day", "reason"])
    differences, _ = reconcile(window_between(days[0], days[-1]), postgres_erp, warehouse, instance)
    # A run would not change what cannot be compared.
    return differences[differences["day"].isin(days) & (differences["reason"] != WITHOUT_AMOUNT)]


def _find_unpartitioned_gaps(
    instance: dg.DagsterInstance, lineage: Lineage, planned: Collection[dg.AssetKey]
) -> dict[dg.AssetKey, str]:
    """Find the unpartitioned assets that are missing or stale, and their descendants.

    Those that read an asset which was never built and is not planned either are left out: they would fail.
    """
    event_ids = {
        record.asset_entry.asset_key: record.asset_entry.last_materialization_storage_id or 0
        for record in instance.get_asset_records(lineage.assets)
    }
    gaps: dict[dg.AssetKey, str] = {}
    for asset in lineage.unpartitioned:
        if not event_ids.get(asset):
            gaps[asset] = MISSING
        elif any(event_ids.get(parent, 0) > event_ids[asset] for parent in lineage.parents(asset)):
            gaps[asset] = STALE
    built = {asset for asset, event_id in event_ids.items() if event_id} | set(planned)
    runnable = lineage.keep_with_inputs(lineage.assets_to_run(gaps) if gaps else [], built)
    return {asset: gaps.get(asset, STALE) for asset in runnable}
