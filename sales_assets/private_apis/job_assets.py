"""The asset layer of a job: which assets it makes, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg


@dataclass(frozen=True)
class JobAsset:
    """An asset of a job.

    Attributes:
        key: Its key.
        parents: What it reads, within the job or not.
        group: Its group.
        partitions: Its partitions, if it has any.
    """

    key: dg.AssetKey
    parents: frozenset[dg.AssetKey]
    group: str | None
    partitions: dg.PartitionsDefinition[str] | None


def list_job_assets(job: dg.JobDefinition) -> Sequence[JobAsset]:
    """The assets that a job makes, in the order in which it makes them."""
    layer = job.asset_layer
    keys = [key for key in layer.asset_graph.toposorted_asset_keys if key in layer.executable_asset_keys]
    nodes = [layer.get(key) for key in keys]
    return [
        JobAsset(node.key, frozenset(node.parent_keys), node.group_name, node.partitions_def)
        for node in nodes
    ]
