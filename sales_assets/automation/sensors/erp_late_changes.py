"""Follows the ERP's changes, and has the days run again whose orders or customers changed after the load."""

import json
from collections.abc import Sequence
from datetime import datetime

import dagster as dg

from sales_assets.automation.jobs import daily_sales_pipeline
from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY
from sales_assets.operations.repair.gaps import (
    build_run_request,
    find_days_in_progress,
    find_days_without_orders,
    group_into_ranges,
)
from sales_assets.private_apis.instance import read_materialized_partitions
from sales_assets.settings import Settings
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.changes import Watermark, follow
from sales_assets.sources.erp.postgres import PostgresResource

INTERVAL_SECONDS = 300


def build_erp_late_changes_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor of an environment; on a laptop it is there, but stopped."""
    status = dg.DefaultSensorStatus.RUNNING if settings.runs_unattended else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(job=daily_sales_pipeline, minimum_interval_seconds=INTERVAL_SECONDS, default_status=status)
    def erp_late_changes_sensor(
        context: dg.SensorEvaluationContext, postgres_erp: PostgresResource
    ) -> dg.SensorResult:
        """Has a day run again when one of its orders, or a customer on it, changed in the ERP."""
        asked_at = postgres_erp.execute_query(queries.CLOCK_SQL)["asked_at"][0].to_pydatetime()
        before = _parsed(context.cursor) if context.cursor else Watermark(asked_at, {})
        changes = postgres_erp.execute_query(queries.LATE_CHANGES_SQL, [before.since, DAILY.timezone])
        look = follow(before, changes, asked_at)
        if context.cursor is None:
            return dg.SensorResult(cursor=_text(look.after), skip_reason="Follows the ERP from now on.")
        found = group_into_ranges(_loaded(context.instance, look.days), settings.max_partitions_per_run)
        requests = [
            build_run_request(first, last, f"{first}..{last} {look.fingerprint(first, last)}")
            for first, last in found
        ]
        return dg.SensorResult(run_requests=requests, cursor=_text(look.after))

    return erp_late_changes_sensor


def _loaded(instance: dg.DagsterInstance, days: Sequence[str]) -> list[str]:
    """Those of the days that were loaded before, if only to find that they had no order, or are being loaded.

    The load may have read the ERP before the change. The other days are loaded by the schedule, or were never
    asked for.
    """
    known = [day for day in days if DAILY.has_partition_key(day)]
    # Asked first: a load that ends meanwhile is among those that have ended.
    loading = find_days_in_progress(instance, RAW_ORDERS_KEY, known)
    loaded = read_materialized_partitions(instance, RAW_ORDERS_KEY) | find_days_without_orders(
        instance, known
    )
    return [day for day in known if day in loading | loaded]


def _text(watermark: Watermark) -> str:
    seen = [[*minute, *seen] for minute, seen in watermark.seen.items()]
    return json.dumps({"asked_at": watermark.asked_at.isoformat(), "seen": seen})


def _parsed(cursor: str) -> Watermark:
    stored = json.loads(cursor)
    seen = {(kind, day, minute): (count, checksum) for kind, day, minute, count, checksum in stored["seen"]}
    return Watermark(datetime.fromisoformat(stored["asked_at"]), seen)
