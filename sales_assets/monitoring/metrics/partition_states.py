"""The state of each partition of an asset, from what the web server answers: every partition has exactly one.

The words are those of `make repair`: missing, failed, stale and outdated are what it would run again.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sales_assets.catalog.names import NO_DATA_TAG
from sales_assets.monitoring.metrics.webserver import GraphQLAnswer

Ranges = list[tuple[date, date]]
"""First and last day of ranges, both included."""

_CODE_VERSION = "dagster/code_version"

_STATES = {"MATERIALIZED": "loaded", "FAILED": "failed", "MATERIALIZING": "in_progress"}


def count_states(answer: GraphQLAnswer) -> Iterator[tuple[str, dict[str, int]]]:
    """Count the partitions of each partitioned asset by state.

    Args:
        answer: Those to the questions `assets` and `days`.

    Returns:
        The name of each asset, with how many of its partitions are loaded, stale (a parent was stored later),
        outdated (made by older code), missing, failed, in progress, or without data in the ERP.
    """
    empty, stale, outdated = list_empty_days(answer), find_stale_days(answer), find_outdated_days(answer)
    for node in answer["assetNodes"]:
        if stats := node["partitionStats"]:
            name = name_asset(node)
            behind = {"stale": stale.get(name, set()), "outdated": outdated.get(name, set())}
            counts = _count_days(node, behind, empty) if is_daily(node) else _count_keys(stats)
            counts["missing"] = max(0, stats["numPartitions"] - sum(counts.values()))
            yield name, counts


def read_ranges(node: dict[str, Any], state: str = "loaded") -> Ranges:
    """The days of a daily asset that have a state."""
    return [
        (date.fromisoformat(each["startKey"]), date.fromisoformat(each["endKey"]))
        for each in node["assetPartitionStatuses"]["ranges"]
        if _STATES[each["status"]] == state
    ]


def list_empty_days(answer: GraphQLAnswer) -> set[date]:
    """The days of which the ERP had no order when they were loaded."""
    observations = (answer["empty"] or {}).get("assetObservations", [])
    return {
        date.fromisoformat(each["partition"])
        for each in observations
        if each["partition"] and NO_DATA_TAG in [entry["label"] for entry in each["metadataEntries"]]
    }


def find_stale_days(answer: GraphQLAnswer) -> dict[str, set[date]]:
    """Find the days of each daily asset that are older than the same day of a parent."""
    stored = {name_asset(node): _read_times(node) for node in answer["days"]}
    parents = {
        name_asset(node): ["/".join(key["path"]) for key in node["dependencyKeys"]]
        for node in answer["assetNodes"]
    }
    return {
        name: {
            date.fromisoformat(day)
            for day, at in times.items()
            if any(stored.get(parent, {}).get(day, 0.0) > at for parent in parents.get(name, []))
        }
        for name, times in stored.items()
    }


def find_outdated_days(answer: GraphQLAnswer) -> dict[str, set[date]]:
    """Find the days of each daily asset that were made by other code than its present one."""
    versions = {name_asset(node): node["opVersion"] for node in answer["assetNodes"]}
    return {
        name_asset(node): {
            date.fromisoformat(event["partition"])
            for event in filter(None, node["latestMaterializationByPartition"])
            if (version := versions.get(name_asset(node))) and _read_version(event) not in (None, version)
        }
        for node in answer["days"]
    }


def is_daily(node: dict[str, Any]) -> bool:
    """Whether the partitions of an asset are business days."""
    return bool(node["assetPartitionStatuses"]["__typename"] == "TimePartitionStatuses")


def name_asset(node: dict[str, Any]) -> str:
    """The name of an asset as people read it."""
    return "/".join(node["assetKey"]["path"])


def _count_days(node: dict[str, Any], behind: dict[str, set[date]], empty: set[date]) -> dict[str, int]:
    """Count the days of an asset by state; what is stale or outdated does not count as loaded."""
    ranges = {state: read_ranges(node, state) for state in _STATES.values()}
    counts = {state: sum((last - first).days + 1 for first, last in found) for state, found in ranges.items()}
    counted: set[date] = set()
    for state, days in behind.items():
        found = {day for day in days - counted if is_in_ranges(day, ranges["loaded"])}
        counted |= found
        counts[state] = len(found)
    counts["loaded"] -= len(counted)
    known = [each for found in ranges.values() for each in found]
    return {**counts, "no_data": sum(not is_in_ranges(day, known) for day in empty)}


def _count_keys(stats: dict[str, int]) -> dict[str, int]:
    return {
        "loaded": stats["numMaterialized"],
        "failed": stats["numFailed"],
        "in_progress": stats["numMaterializing"],
    }


def is_in_ranges(day: date, ranges: Ranges) -> bool:
    """Whether a day is in one of some ranges."""
    return any(first <= day <= last for first, last in ranges)


def _read_version(event: dict[str, Any]) -> str | None:
    return next((tag["value"] for tag in event["tags"] if tag["key"] == _CODE_VERSION), None)


def _read_times(node: dict[str, Any]) -> dict[str, float]:
    """When each day was stored last, in milliseconds since 1970."""
    events = filter(None, node["latestMaterializationByPartition"])
    return {event["partition"]: float(event["timestamp"]) for event in events}
