"""Metrics of the sales: whether gold is ready in the morning, agrees with the ERP, and what was sold."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from prometheus_client.core import GaugeMetricFamily

from sales_assets.catalog.names import FCT_ORDERS_KEY
from sales_assets.catalog.policies import READY_HOUR
from sales_assets.monitoring.metrics.days import begin_of_day, find_last_day, list_last_days
from sales_assets.monitoring.metrics.families import Sample, build_family
from sales_assets.monitoring.metrics.partition_states import (
    is_in_ranges,
    list_empty_days,
    name_asset,
    read_ranges,
)
from sales_assets.monitoring.metrics.webserver import GraphQLAnswer
from sales_assets.reports.key_figures import SALES_BY_CHANNEL
from sales_assets.transforms.rejections import REJECTED_COUNT


def measure_sales(answer: GraphQLAnswer, now: float, timezone: str) -> list[GaugeMetricFamily]:
    """Measure gold.

    Args:
        answer: Those to the questions `assets` and `days`.
        now: Seconds since 1970.
        timezone: That of business days.
    """
    return [
        *_measure_gold(answer, now, timezone),
        *_measure_reconciliation(answer, timezone),
        *_measure_last_day(answer, timezone),
    ]


def _measure_gold(answer: GraphQLAnswer, now: float, timezone: str) -> Iterator[GaugeMetricFamily]:
    yesterday = find_last_day(now, timezone)
    name = FCT_ORDERS_KEY.to_user_string()
    loaded = [each for node in answer["assetNodes"] if name_asset(node) == name for each in read_ranges(node)]
    is_ready = is_in_ranges(yesterday, loaded) or yesterday in list_empty_days(answer)
    late = now - begin_of_day(yesterday + timedelta(days=1), timezone, READY_HOUR)
    is_late = late > 0 and not is_ready
    yield build_family("gold_ready", "Whether gold has yesterday.", [((), float(is_ready))])
    yield build_family(
        "gold_on_time",
        f"Whether gold has yesterday, or it is before {READY_HOUR:02}:00 in the business time zone.",
        [((), float(not is_late))],
    )
    yield build_family(
        "gold_late",
        f"How long past {READY_HOUR:02}:00 gold has been without yesterday; 0 if it has it.",
        [((), late if is_late else 0.0)],
        unit="seconds",
    )


def _measure_reconciliation(answer: GraphQLAnswer, timezone: str) -> Iterator[GaugeMetricFamily]:
    """Measure each day by the latest comparison that included it."""
    agreeing, differing = set[str](), set[str]()
    evaluations = [each["evaluation"] for each in answer["reconciliations"] if each["evaluation"]]
    for evaluation in evaluations:  # the latest first
        entries = {entry["label"]: entry for entry in evaluation["metadataEntries"]}
        if "differing_days" in entries:
            found = set(json.loads(entries["differing_days"]["jsonString"]))
            compared = set(_list_days(entries["window"]["text"], timezone)) - agreeing - differing
            agreeing |= compared - found
            differing |= compared & found
    yield build_family(
        "days_reconciled",
        "Days of gold that had exactly the ERP's sales when they were compared last.",
        [((), float(len(agreeing)))],
    )
    yield build_family(
        "days_unreconciled",
        "Days of gold that differed from the ERP when they were compared last.",
        [((), float(len(differing)))],
    )
    yield build_family(
        "reconciliation_timestamp",
        "When gold was compared with the ERP last, in seconds since 1970.",
        [((), each["timestamp"]) for each in evaluations[:1]],
        unit="seconds",
    )


def _list_days(window: str, timezone: str) -> list[str]:
    """The business days of an interval `[start, end)`, as the check writes it."""
    start, end = (datetime.fromisoformat(each) for each in window.strip("[)").split(", "))
    zone = ZoneInfo(timezone)
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    return list_last_days(last, (last - start.astimezone(zone).date()).days + 1)


def _measure_last_day(answer: GraphQLAnswer, timezone: str) -> Iterator[GaugeMetricFamily]:
    """Measure the last day of `daily_sales`, as dbt reported it when it built the table."""
    entries = _read_key_figures(answer)
    days = [date.fromisoformat(entries["last_day"]["text"])] if "last_day" in entries else []
    sales = json.loads(entries[SALES_BY_CHANNEL]["jsonString"]) if SALES_BY_CHANNEL in entries else []
    labels = ("channel", "currency")
    yield build_family(
        "last_day_timestamp",
        "When the last day of daily_sales began, in seconds since 1970.",
        [((), begin_of_day(day, timezone)) for day in days],
        unit="seconds",
    )
    for name, meaning in (("orders", "Orders of that day."), ("revenue", "Revenue of that day.")):
        samples = [((each["channel"], each["currency"]), float(each[name])) for each in sales]
        yield build_family(f"last_day_{name}", meaning, samples, labels)
    yield build_family(
        "last_day_rejected_orders",
        "Orders of the last day that is loaded from the ERP that fail validation and are not in gold.",
        _count_rejected(answer),
    )


def _count_rejected(answer: GraphQLAnswer) -> list[Sample]:
    loads = [each for each in answer["loads"].get("latestMaterializationByPartition", []) if each]
    last = sorted(loads, key=lambda load: str(load["partition"]))[-1:]
    counts = [
        float(entry["intRepr"])
        for load in last
        for entry in load["metadataEntries"]
        if entry["label"] == REJECTED_COUNT
    ]
    return [((), sum(counts)) for _ in last]


def _read_key_figures(answer: GraphQLAnswer) -> dict[str, Any]:
    """The metadata of the latest `daily_sales`, by label."""
    events = answer["sales"].get("assetMaterializations", [])
    return {entry["label"]: entry for event in events for entry in event["metadataEntries"]}
