"""Metrics of Dagster's instance: daemons, pools, sensors and schedules, the code location."""

import math
import re
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily

from sales_assets.monitoring.metrics.families import build_family
from sales_assets.monitoring.metrics.webserver import GraphQLAnswer

_WAITING = re.compile(r"(\d+) alert\(s\) waiting")
"""How `alerts_sensor` says how many alerts did not arrive yet."""

_NAMES = ("name", "kind")


def measure_instance(answer: GraphQLAnswer, now: float) -> list[GaugeMetricFamily]:
    """Measure the instance.

    Args:
        answer: That to the question `instance`.
        now: Seconds since 1970.
    """
    return [
        _measure_daemons(answer, now),
        *_measure_pools(answer),
        build_family(
            "code_location_up",
            "Whether the code location is loaded.",
            [((each["name"],), float(_is_loaded(each))) for each in _list_locations(answer)],
            ("location",),
        ),
        *_measure_automations(answer),
    ]


def _measure_automations(answer: GraphQLAnswer) -> Iterator[GaugeMetricFamily]:
    automations = list(_list_automations(answer))
    last_ticks = [(names, tick) for names, state in automations for tick in state["ticks"]]
    yield build_family(
        "automation_running",
        "Whether a sensor or schedule is switched on.",
        [(names, float(state["status"] == "RUNNING")) for names, state in automations],
        _NAMES,
    )
    yield build_family(
        "automation_last_tick_timestamp",
        "When a sensor or schedule was evaluated last, in seconds since 1970.",
        [(names, tick["timestamp"]) for names, tick in last_ticks],
        _NAMES,
        unit="seconds",
    )
    yield build_family(
        "automation_last_tick_failed",
        "Whether the last evaluation of a sensor or schedule failed.",
        [(names, float(tick["status"] == "FAILURE")) for names, tick in last_ticks],
        _NAMES,
    )
    yield build_family(
        "alerts_waiting",
        "How many alerts a channel has not accepted yet.",
        [((), _count_waiting(state)) for names, state in automations if names[0] == "alerts_sensor"],
    )


def _measure_daemons(answer: GraphQLAnswer, now: float) -> GaugeMetricFamily:
    """Measure the heartbeats, because `healthy` stays true for half an hour."""
    statuses = answer["instance"]["daemonHealth"]["allDaemonStatuses"]
    return build_family(
        "daemon_heartbeat_age",
        "How long ago a daemon gave a sign of life; infinite if it never did.",
        [
            ((each["daemonType"],), max(0.0, now - (each["lastHeartbeatTime"] or -math.inf)))
            for each in statuses
            if each["required"]
        ],
        ("daemon",),
        unit="seconds",
    )


def _measure_pools(answer: GraphQLAnswer) -> Iterator[GaugeMetricFamily]:
    pools = answer["instance"]["concurrencyLimits"]
    for name, meaning, field in (
        ("pool_slots", "How many steps of a pool may run at once.", "slotCount"),
        ("pool_slots_used", "How many slots of a pool are taken.", "activeSlotCount"),
        ("pool_steps_waiting", "How many steps wait for a slot of a pool.", "pendingStepCount"),
    ):
        samples = [((pool["concurrencyKey"],), float(pool[field])) for pool in pools]
        yield build_family(name, meaning, samples, ("pool",))


def _list_locations(answer: GraphQLAnswer) -> list[dict[str, Any]]:
    return list(answer["workspaceOrError"].get("locationEntries", []))


def _is_loaded(entry: dict[str, Any]) -> bool:
    return (entry["locationOrLoadError"] or {}).get("__typename") == "RepositoryLocation"


def _list_automations(answer: GraphQLAnswer) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Name and kind of every sensor and schedule, and its state."""
    for entry in filter(_is_loaded, _list_locations(answer)):
        for repository in entry["locationOrLoadError"]["repositories"]:
            for sensor in repository["sensors"]:
                yield (sensor["name"], "sensor"), sensor["sensorState"]
            for schedule in repository["schedules"]:
                yield (schedule["name"], "schedule"), schedule["scheduleState"]


def _count_waiting(state: dict[str, Any]) -> float:
    said = [_WAITING.search(tick["skipReason"] or "") for tick in state["ticks"]]
    return float(sum(int(found[1]) for found in said if found))
