"""A sensor under test: evaluated tick by tick, with the state that the daemon keeps between ticks."""

from typing import Any
from unittest.mock import patch

import dagster as dg

from sales_assets.definitions import defs


class SensorUnderTest:
    """A sensor of the location, with its cursor.

    Attributes:
        instance: Where ticks store partitions and events.
        resources: The sensor's resources by their keys; a test may replace them between ticks.
        sensor: The sensor; a test may replace it between ticks.
        cursor: What the last tick that was kept stored.
        logged: What ticks logged at the level info.
        warned: What ticks logged as warnings.
    """

    def __init__(self, name: str, instance: dg.DagsterInstance, **resources: Any):
        self.instance = instance
        self.resources = resources
        self.repository = defs.get_repository_def()
        self.sensor = self.repository.get_sensor_def(name)
        self.cursor: str | None = None
        self.logged: list[str] = []
        self.warned: list[str] = []

    def evaluate(self) -> Any:
        """Evaluate the sensor and keep nothing, like a tick that dies before its result is stored."""
        with (
            dg.build_sensor_context(
                instance=self.instance,
                cursor=self.cursor,
                repository_def=self.repository,
                resources=self.resources,
            ) as context,
            patch.object(context.log, "info", self.logged.append),
            patch.object(context.log, "warning", self.warned.append),
        ):
            return self.sensor.evaluate_tick(context)

    def store_events(self, result: Any, count: int | None = None) -> None:
        """Store the events of a tick, or the first `count` of them."""
        for event in result.asset_events[:count]:
            self.instance.report_runless_asset_event(event)

    def keep(self, result: Any) -> None:
        """Store the result of a tick as the daemon does: partitions and events first, the cursor last."""
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        self.store_events(result)
        assert result.cursor is not None
        self.cursor = result.cursor

    def tick(self) -> Any:
        """Evaluate the sensor, keep its result, and return it."""
        result = self.evaluate()
        self.keep(result)
        return result
