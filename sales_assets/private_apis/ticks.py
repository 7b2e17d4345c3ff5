"""Dagster's records of ticks: the last ones of each running sensor and schedule."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorState, InstigatorType, TickStatus
from dagster._utils.schedules import reverse_cron_string_iterator


@dataclass(frozen=True)
class Instigator:
    """A sensor or schedule that is running.

    Attributes:
        name: Its name.
        is_sensor: Whether it is a sensor.
        last_tick: When it ticked last, else when it was started, in seconds since 1970.
        patience: After how many seconds without a tick it has missed some.
        errors: The errors of the last ticks, latest first; None for one that did not fail.
    """

    name: str
    is_sensor: bool
    last_tick: float
    patience: float
    errors: tuple[Any, ...]


def list_running(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, ticks: int, intervals: int, now: float
) -> list[Instigator]:
    """List the sensors and schedules of a location that are running.

    Args:
        instance: Has their ticks.
        repository: Has their intervals.
        ticks: How many errors to return of each.
        intervals: How many missed intervals make up its patience.
        now: Seconds since 1970.
    """
    if instance.schedule_storage is None:  # an instance in memory, which has no daemon
        return []
    sensors = {sensor.name: sensor for sensor in repository.sensor_defs}
    schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
    found = []
    for state in instance.all_instigator_state():
        is_sensor = state.instigator_type is InstigatorType.SENSOR
        if not state.is_running or state.name not in (sensors if is_sensor else schedules):
            continue
        if is_sensor:
            patience = intervals * float(sensors[state.name].minimum_interval_seconds or 30)
        else:
            patience = now - find_cron_time(schedules[state.name], intervals, now)
        last, errors = _read_ticks(instance, state, ticks)
        found.append(Instigator(state.name, is_sensor, last, patience, errors))
    return found


def find_cron_time(schedule: Any, count: int, now: float) -> float:
    """When a schedule should have ticked, some ticks ago."""
    times: Iterator[Any] = reverse_cron_string_iterator(
        now, schedule.cron_schedule, schedule.execution_timezone
    )
    return float([time.timestamp() for time in islice(times, count)][-1])


def _read_ticks(
    instance: dg.DagsterInstance, state: InstigatorState, count: int
) -> tuple[float, tuple[Any, ...]]:
    ended = [TickStatus.SKIPPED, TickStatus.SUCCESS, TickStatus.FAILURE]
    origin, selector = state.instigator_origin_id, state.selector_id
    ticks = instance.get_ticks(origin, selector, limit=count, statuses=ended)
    data: Any = state.instigator_data
    names = ("last_sensor_start_timestamp", "last_tick_start_timestamp", "start_timestamp")
    started = max((getattr(data, name, None) or 0.0 for name in names), default=0.0)
    errors = tuple(tick.error if tick.status is TickStatus.FAILURE else None for tick in ticks)
    return max([started, *(tick.timestamp for tick in ticks)]), errors
