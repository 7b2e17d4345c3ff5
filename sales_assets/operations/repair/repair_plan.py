"""What has to be run so that the warehouse is complete, up to date and as the ERP has it.

Finds and plans, and changes nothing; the command `make repair` and the job `repair_job` show the plan and
have `launching.py` carry it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from sales_assets.catalog.names import FCT_ORDERS_KEY, RAW_ORDERS_KEY
from sales_assets.catalog.partitions import Window, window_between
from sales_assets.operations.reconciliation.compare import GONE
from sales_assets.operations.reconciliation.reconcile import reconcile
from sales_assets.operations.repair.gaps import (
    MISSING,
    STALE,
    Gaps,
    find_gaps,
    find_stale,
    format_days,
    merge_gaps,
)
from sales_assets.operations.repair.lineage import Lineage
from sales_assets.operations.repair.planned_runs import PlannedRun, number_runs, plan_runs, with_the_rest_last
from sales_assets.sources.erp.postgres import PostgresResource
from sales_assets.warehouse.engine import WarehouseReader

DIFFERS = "differs"
"""The reason of a day whose sales in gold are not those of the ERP."""


@dataclass(frozen=True)
class Repair:
    """What was found, and the runs that mend it.

    Attributes:
        window: The days that were looked at.
        days: By day and asset, what is wrong.
        rest: By asset that is made as a whole, what is wrong.
        busy: The days that a queued or running run is about to make.
        gone: The days that are stored, but of which the ERP has no order any more.
        parts: The runs, in order.
    """

    window: Window
    days: Gaps
    rest: Mapping[dg.AssetKey, str]
    busy: set[str]
    gone: list[str]
    parts: list[PlannedRun]

    def __str__(self) -> str:
        found: dict[tuple[str, str], list[str]] = {}
        for day, reasons in self.days.items():
            for asset, reason in reasons.items():
                found.setdefault((asset.to_user_string(), reason), []).append(day)
        lines = [
            f"  {asset:24} {reason:8} {len(days):4} day(s): {format_days(days)}"
            for (asset, reason), days in found.items()
        ]
        lines += [f"  {asset.to_user_string():24} {reason}" for asset, reason in self.rest.items()]
        lines += [_BUSY.format(days=format_days(self.busy))] if self.busy else []
        lines += [_GONE.format(days=format_days(self.gone))] if self.gone else []
        if not lines:
            return f"Nothing is missing, failed, stale or different from the ERP in {self.window}."
        return "\n".join(
            [f"Found in {self.window}:", *lines, "The plan:", *(number_runs(self.parts) or _NONE)]
        )


_NONE = ["  nothing to run"]
_BUSY = "  Under way and left alone: {days}. If such a run is dead, mark it as failed in the catalog."
_GONE = (
    "  Left alone, for the ERP has no order of them any more: {days}. What is stored is kept. If those days "
    "really are empty, run raw_orders for them with allow_empty."
)


def plan_repair(
    window: Window,
    lineage: Lineage,
    instance: dg.DagsterInstance,
    *,
    postgres_erp: PostgresResource,
    warehouse: WarehouseReader,
    at_most: int | None,
) -> Repair:
    """Look for what is missing, failed, stale or different from the ERP, and plan what mends it.

    Args:
        window: The days to look at.
        lineage: The assets of the daily job.
        instance: What was made when.
        postgres_erp: The ERP to compare gold with.
        warehouse: Where gold is.
        at_most: How many days a run may have; None for any number.
    """
    lacking, busy = find_gaps(instance, lineage, window.days)
    complete = [day for day in window.days if day not in lacking and day not in busy]
    reasons = _differing(complete, postgres_erp, warehouse, instance)
    gone = [day for day, reason in reasons.items() if reason == GONE]
    differing = {
        day: {RAW_ORDERS_KEY: DIFFERS, FCT_ORDERS_KEY: DIFFERS} for day in reasons if day not in gone
    }
    old = {day: assets for day, assets in find_stale(instance, lineage, complete).items() if day not in gone}
    days = merge_gaps(lacking, differing, old)
    rest = _rest(instance, lineage)
    parts = with_the_rest_last(plan_runs(days, lineage, at_most), lineage, rest)
    return Repair(window, days, rest, busy, gone, parts)


def _differing(
    days: list[str], postgres_erp: PostgresResource, warehouse: WarehouseReader, instance: dg.DagsterInstance
) -> dict[str, str]:
    """Those of the days whose sales differ between the ERP and gold, and why."""
    if not days:
        return {}
    found = reconcile(window_between(days[0], days[-1]), postgres_erp, warehouse, instance)
    own = found[found["day"].isin(days)]
    return dict(zip(own["day"], own["reason"], strict=True))


def _rest(instance: dg.DagsterInstance, lineage: Lineage) -> dict[dg.AssetKey, str]:
    """The assets made as a whole that are missing, or older than what they read."""
    records = instance.get_asset_records(lineage.assets)
    made = {
        record.asset_entry.asset_key: record.asset_entry.last_materialization_storage_id or 0
        for record in records
    }
    found: dict[dg.AssetKey, str] = {}
    for asset in lineage.whole:
        if not made.get(asset):
            found[asset] = MISSING
        elif any(made.get(parent, 0) > made[asset] for parent in lineage.parents(asset)):
            found[asset] = STALE
    return {asset: found.get(asset, STALE) for asset in lineage.to_run(found) if found}
