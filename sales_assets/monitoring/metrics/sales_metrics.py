"""Metrics of the sales: whether gold is ready in the morning, agrees with the ERP, and what was sold."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
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

ERP, MARKETPLACE = "erp", "marketplace"
"""The channels whose loads are shown: of the ERP the last day, of marketplaces the last file."""


def measure_sales(answer: GraphQLAnswer, now: float, timezone: str, currency: str) -> list[GaugeMetricFamily]:
    """Measure gold and the last loads.

    Args:
        answer: Those to the questions `assets` and `days`.
        now: Seconds since 1970.
        timezone: That of business days.
        currency: That of the ERP's amounts.
    """
    return [
        *_measure_gold(answer, now, timezone),
        *_measure_reconciliation(answer, timezone),
        build_family(
            "last_load_rows",
            "Rows of the last load: of the ERP's last day, of the last marketplace file.",
            _read_rows(answer),
            ("channel",),
        ),
        build_family(
            "last_load_revenue",
            "Revenue of the last load: of the ERP's last day, of the last marketplace file.",
            _read_revenue(answer, currency),
            ("channel", "currency"),
        ),
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


def _read_rows(answer: GraphQLAnswer) -> list[Sample]:
    figures = {ERP: _read_last_day(answer), MARKETPLACE: _read_last_file(answer)}
    return [
        ((channel,), float(each["row_count"]["intRepr"]))
        for channel, each in figures.items()
        if "row_count" in each
    ]


def _read_revenue(answer: GraphQLAnswer, currency: str) -> list[Sample]:
    samples: list[Sample] = []
    if total := _read_last_day(answer).get("total_amount"):
        samples.append(((ERP, currency), float(total["floatValue"])))
    if amounts := _read_last_file(answer).get("amounts"):
        by_currency = json.loads(amounts["jsonString"])
        samples += [((MARKETPLACE, found), float(amount)) for found, amount in by_currency.items()]
    return samples


def _read_last_day(answer: GraphQLAnswer) -> dict[str, Any]:
    """What the load of the ERP's last day reported, by label."""
    events = [each for each in answer["loads"].get("latestMaterializationByPartition", []) if each]
    last = sorted(events, key=lambda each: str(each["partition"]))[-1:]
    return {entry["label"]: entry for event in last for entry in event["metadataEntries"]}


def _read_last_file(answer: GraphQLAnswer) -> dict[str, Any]:
    """What the load of the last marketplace file reported, by label."""
    events = answer["files"].get("assetMaterializations", [])
    return {entry["label"]: entry for event in events for entry in event["metadataEntries"]}
