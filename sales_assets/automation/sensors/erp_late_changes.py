"""Finds late changes in the ERP, and requests runs for the business days that they affect."""

from collections.abc import Sequence

import dagster as dg
import pandas as pd

from sales_assets.automation.jobs import daily_sales_pipeline
from sales_assets.catalog.names import RAW_ORDERS_KEY
from sales_assets.catalog.partitions import DAILY, list_day_bounds
from sales_assets.catalog.records import find_days_without_orders
from sales_assets.operations.repair.gaps import (
    build_run_request,
    find_days_in_progress,
    group_into_ranges,
)
from sales_assets.private_apis.instance import read_materialized_partitions
from sales_assets.settings import Settings
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.changes import (
    ErpCursor,
    compute_fingerprint,
    describe_undated,
    find_days,
    read_minutes,
)
from sales_assets.sources.erp.postgres import PostgresResource

_INTERVAL_SECONDS = 300

_DESCRIPTION = (
    "Reruns a day if one of its orders, or a customer on it, changed in the ERP after the load; it looks "
    "every five minutes. If a tick fails, the next one follows the same changes. If a run fails, fix the "
    "cause, then run `make repair RUN=1`."
)


def build_erp_late_changes_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of an environment; on a laptop it is registered but stopped."""
    status = dg.DefaultSensorStatus.RUNNING if settings.runs_unattended else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        job=daily_sales_pipeline,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=status,
        description=_DESCRIPTION,
    )
    def erp_late_changes_sensor(
        context: dg.SensorEvaluationContext, postgres_erp: PostgresResource
    ) -> dg.SensorResult | dg.SkipReason:
        days = DAILY.get_partition_keys()
        if not days:
            return dg.SkipReason(f"{DAILY.start.date()}, the first business day, is not over.")
        asked_at = postgres_erp.execute_query(queries.CLOCK_SQL)["asked_at"][0].to_pydatetime()
        cursor = ErpCursor.from_json(context.cursor) if context.cursor else ErpCursor(asked_at)
        parameters = [cursor.since, list_day_bounds(DAILY, days), list(days)]
        rows = postgres_erp.execute_query(queries.LATE_CHANGES_SQL, parameters)
        _warn_of_undated_changes(context, rows)
        minutes = read_minutes(rows)
        after = cursor.advance(minutes, asked_at).to_json()
        if not context.cursor:
            return dg.SensorResult(cursor=after, skip_reason="First tick: only later changes are followed.")
        new = cursor.new(minutes)
        changed = _keep_loaded_days(context.instance, find_days(new))
        requests = [
            build_run_request(first, last, f"{first}..{last} {compute_fingerprint(new, first, last)}")
            for first, last in group_into_ranges(changed, settings.max_partitions_per_run)
        ]
        return dg.SensorResult(run_requests=requests, cursor=after)

    return erp_late_changes_sensor


def _warn_of_undated_changes(context: dg.SensorEvaluationContext, rows: pd.DataFrame) -> None:
    """Name the rows that belong to no business day, so that somebody corrects them."""
    if undated := describe_undated(rows):
        context.log.warning(
            f"The ERP has {undated}, whose created_at or updated_at is null, infinite or outside the years 1 "
            "to 9999. Their changes are not followed, those of all other rows are. Correct them in the ERP."
        )


def _keep_loaded_days(instance: dg.DagsterInstance, days: Sequence[str]) -> list[str]:
    """Return the days that were loaded before, were found to have no orders, or are being loaded.

    A running load may have read the ERP before the change. All other days are loaded by the schedule, or
    were never requested.
    """
    known = [day for day in days if DAILY.has_partition_key(day)]
    # Queried first: a load that ends between the two queries is then found by the second.
    loading = find_days_in_progress(instance, RAW_ORDERS_KEY, known)
    loaded = read_materialized_partitions(instance, RAW_ORDERS_KEY)
    loaded |= find_days_without_orders(instance, known)
    return [day for day in known if day in loading | loaded]
