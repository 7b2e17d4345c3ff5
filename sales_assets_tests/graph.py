"""The code location's graph as text: what a reviewer reads to see what a change does to it.

`python -m sales_assets_tests.graph` rewrites the snapshots.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sales_assets.definitions import build_definitions
from sales_assets.settings import Environment, settings

SNAPSHOTS = Path(__file__).parent / "snapshots"


def graph(environment: Environment) -> dict[str, Any]:
    """Assets, checks, jobs, schedules, sensors and resources of an environment."""
    definitions = build_definitions(replace(settings(), environment=environment))
    repository = definitions.get_repository_def()
    asset_graph = repository.asset_graph
    return {
        "assets": {node.key.to_user_string(): _asset(node, asset_graph) for node in asset_graph.asset_nodes},
        "jobs": {
            job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
            for job in repository.get_all_jobs()
            if not job.name.startswith("__")
        },
        "resources": {key: type(value).__name__ for key, value in (definitions.resources or {}).items()},
        "schedules": {
            schedule.name: [
                schedule.cron_schedule,
                schedule.execution_timezone,
                schedule.default_status.value,
            ]
            for schedule in repository.schedule_defs
        },
        "sensors": {sensor.name: sensor.default_status.value for sensor in repository.sensor_defs},
    }


def _asset(node: Any, asset_graph: Any) -> dict[str, Any]:
    checks = asset_graph.get_check_keys_for_assets({node.key})
    return {
        "checks": sorted(key.name for key in checks),
        "deps": sorted(key.to_user_string() for key in node.parent_keys),
        "group": node.group_name,
        "kinds": sorted(node.kinds),
        "owners": list(node.owners),
        "partitions": str(node.partitions_def) if node.partitions_def else None,
    }


def text(environment: Environment) -> str:
    """The graph as text, as it is kept in the repository."""
    return json.dumps(graph(environment), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def snapshot(environment: Environment) -> Path:
    """The file that holds an environment's graph."""
    return SNAPSHOTS / f"graph_{environment}.json"


if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for each in Environment:
        snapshot(each).write_text(text(each))
