"""Metrics of assets: the states of their partitions, the last day loaded, their age, their checks."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from prometheus_client.core import GaugeMetricFamily

from sales_assets.monitoring.metrics.days import begin_of_day, find_last_day
from sales_assets.monitoring.metrics.families import Sample, build_family
from sales_assets.monitoring.metrics.partition_states import (
    count_states,
    is_daily,
    name_asset,
    read_ranges,
)
from sales_assets.monitoring.metrics.webserver import GraphQLAnswer

_CHECK = ("asset", "check")


def measure_assets(answer: GraphQLAnswer, now: float, timezone: str) -> list[GaugeMetricFamily]:
    """Measure the assets.

    Args:
        answer: Those to the questions `assets` and `days`.
        now: Seconds since 1970.
        timezone: That of business days.
    """
    return [
        build_family(
            "asset_partitions",
            "Partitions of an asset by state, which each has exactly one of.",
            [
                ((asset, state), float(count))
                for asset, counts in count_states(answer)
                for state, count in counts.items()
            ],
            ("asset", "state"),
        ),
        *_measure_ages(answer, now, timezone),
        build_family(
            "asset_check_failed",
            "Whether a check fails, or could not be run.",
            _judge(answer, "ERROR"),
            _CHECK,
        ),
        build_family("asset_check_warned", "Whether a check warns.", _judge(answer, "WARN"), _CHECK),
    ]


def _measure_ages(answer: GraphQLAnswer, now: float, timezone: str) -> Iterator[GaugeMetricFamily]:
    last_days = {name: day for name, day in _find_last_days(answer) if day}
    last_complete = find_last_day(now, timezone)
    yield build_family(
        "asset_last_day_timestamp",
        "When the last business day that is loaded began, in seconds since 1970.",
        [((asset,), begin_of_day(day, timezone)) for asset, day in last_days.items()],
        ("asset",),
        unit="seconds",
    )
    yield build_family(
        "asset_last_day_age",
        "How many business days are complete and later than the last one that is loaded.",
        [((asset,), float(max(0, (last_complete - day).days))) for asset, day in last_days.items()],
        ("asset",),
        unit="days",
    )
    yield build_family(
        "asset_last_materialization_timestamp",
        "When an asset was stored last, whatever partition, in seconds since 1970.",
        _find_last_materializations(answer),
        ("asset", "group"),
        unit="seconds",
    )


def _find_last_days(answer: GraphQLAnswer) -> Iterator[tuple[str, date | None]]:
    for node in filter(is_daily, answer["assetNodes"]):
        yield name_asset(node), max((last for _, last in read_ranges(node)), default=None)


def _find_last_materializations(answer: GraphQLAnswer) -> list[Sample]:
    return [
        ((name_asset(node), node["groupName"]), float(event["timestamp"]) / 1_000)
        for node in answer["assetNodes"]
        for event in node["assetMaterializations"]
    ]


def _judge(answer: GraphQLAnswer, severity: str) -> list[Sample]:
    """Whether each check that was evaluated fails with a severity."""
    return [
        ((name_asset(node), check["name"]), float(_find_severity(execution) == severity))
        for node in answer["assetNodes"]
        for check in node["assetChecksOrError"].get("checks", [])
        if (execution := check["executionForLatestMaterialization"])
    ]


def _find_severity(execution: dict[str, Any]) -> str:
    """`ERROR` or `WARN`; empty if the check passes or is still running."""
    if execution["status"] == "EXECUTION_FAILED":
        return "ERROR"
    is_failed = execution["status"] == "FAILED"
    return str(execution["evaluation"]["severity"]) if is_failed else ""
