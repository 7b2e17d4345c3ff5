"""Finds the days that gold stored after the lake published them.

Nothing here launches a run: `automation/lake_schedules.py` does.
"""

from collections.abc import Sequence

import dagster as dg

from sales_assets.catalog.names import DAILY_SALES_KEY, FCT_ORDERS_KEY, LAKE
from sales_assets.catalog.records import fetch_latest_event_ids
from sales_assets.operations.repair.gaps import find_days_in_progress

LAKE_FCT_ORDERS_KEY = dg.AssetKey([LAKE, "fct_orders"])
LAKE_DAILY_SALES_KEY = dg.AssetKey([LAKE, "daily_sales"])


def find_unpublished_days(instance: dg.DagsterInstance, days: Sequence[str]) -> list[str]:
    """Find the days to publish, in order.

    They are those that `gold/fct_orders` stored after one of the lake's assets was materialized for them. If
    `gold/daily_sales` alone was rebuilt, as after a marketplace's file, the latest day is enough: its run
    compares the whole mart. Days of runs that are queued or in progress wait.

    Args:
        instance: Has the records of materializations and runs.
        days: Partition keys to examine.
    """
    gold = fetch_latest_event_ids(instance, FCT_ORDERS_KEY, days)
    orders = fetch_latest_event_ids(instance, LAKE_FCT_ORDERS_KEY, days)
    sales = fetch_latest_event_ids(instance, LAKE_DAILY_SALES_KEY, days)
    found = {day for day, event in gold.items() if event > min(orders.get(day, 0), sales.get(day, 0))}
    mart = instance.get_latest_materialization_event(DAILY_SALES_KEY)
    published = instance.get_latest_materialization_event(LAKE_DAILY_SALES_KEY)
    if gold and mart and (published is None or mart.timestamp > published.timestamp):
        found.add(max(gold))
    busy = {
        day
        for asset in (FCT_ORDERS_KEY, LAKE_FCT_ORDERS_KEY)
        for day in find_days_in_progress(instance, asset, sorted(found))
    }
    return sorted(found - busy)
