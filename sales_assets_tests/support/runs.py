"""Runs that are recorded in an instance without being executed."""

import dagster as dg
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent

from sales_assets.catalog.names import RAW_ORDERS_KEY


@dg.job
def empty_job() -> None:
    """A job without ops."""


def begin_load(instance: dg.DagsterInstance, day: str) -> dg.DagsterRun:
    """Record a run that is about to load the orders of a day."""
    run = instance.create_run_for_job(empty_job)
    data = AssetMaterializationPlannedData(RAW_ORDERS_KEY, partition=day)
    event = DagsterEvent.build_asset_materialization_planned_event(run.job_name, "raw_orders", data)
    instance.report_dagster_event(event, run.run_id)
    return run
