"""Reads the asset layer of a job: its assets, in the order in which a run materializes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg


@dataclass(frozen=True)
class JobAsset:
    """An asset of a job.

    Attributes:
        key: The asset's key.
        parents: The assets that it reads, in the job or not.
        group: The asset's group.
        partitions: The asset's partitions, if it has any.
        code_version: The hash of what its rows are made of, if it has one.
    """

    key: dg.AssetKey
    parents: frozenset[dg.AssetKey]
    group: str | None
    partitions: dg.PartitionsDefinition[str] | None
    code_version: str | None = None


def list_job_assets(job: dg.JobDefinition) -> Sequence[JobAsset]:
    """Return the assets of a job, upstream before downstream."""
    layer = job.asset_layer
    keys = [key for key in layer.asset_graph.toposorted_asset_keys if key in layer.executable_asset_keys]
    return [find_asset(job, key) for key in keys]


def find_asset(job: dg.JobDefinition, key: dg.AssetKey) -> JobAsset:
    """Return an asset of a job, or one that an asset of the job reads, directly or through others."""
    node = job.asset_layer.get(key)
    return JobAsset(
        node.key, frozenset(node.parent_keys), node.group_name, node.partitions_def, node.code_version
    )
