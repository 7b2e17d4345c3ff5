"""The lineage of assets as planning needs it: which are daily or unpartitioned, and what depends on what."""

from collections.abc import Collection, Iterable
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Self

import dagster as dg

from sales_assets.catalog.names import GOLD
from sales_assets.catalog.partitions import DAILY
from sales_assets.private_apis.job_assets import JobAsset, list_job_assets


class Lineage:
    """Some assets; `assets` has their keys in the order of materialization.

    Args:
        nodes: The assets, upstream before downstream.
    """

    def __init__(self, nodes: Iterable[JobAsset]):
        self._nodes = {node.key: node for node in nodes}
        self.assets = list(self._nodes)

    @classmethod
    def of_job(cls, job: dg.JobDefinition) -> Self:
        """The assets of a job, some of them daily."""
        return cls(list_job_assets(job))

    @classmethod
    def leading_to(cls, key: dg.AssetKey, assets: Iterable[dg.AssetsDefinition]) -> Self:
        """An asset and everything that it is made of, directly or through others.

        Args:
            key: The asset.
            assets: All assets of the location.
        """
        specs = {spec.key: spec for each in assets for spec in each.specs}
        parents: dict[dg.AssetKey, set[dg.AssetKey]] = {}
        remaining = [key]
        while remaining:
            found = remaining.pop()
            parents[found] = {dep.asset_key for dep in specs[found].deps} & specs.keys()
            remaining += parents[found] - parents.keys()
        keys = TopologicalSorter(parents).static_order()
        return cls(
            JobAsset(key, frozenset(parents[key]), specs[key].group_name, specs[key].partitions_def)
            for key in keys
        )

    @cached_property
    def daily(self) -> list[dg.AssetKey]:
        """The assets with a partition for each business day."""
        return [key for key, node in self._nodes.items() if node.partitions == DAILY]

    @cached_property
    def unpartitioned(self) -> list[dg.AssetKey]:
        """The assets without partitions."""
        return [key for key, node in self._nodes.items() if node.partitions is None]

    def parents(self, key: dg.AssetKey) -> list[dg.AssetKey]:
        """The assets, among these, that an asset reads."""
        return [parent for parent in self.assets if parent in self._nodes[key].parents]

    def code_version(self, key: dg.AssetKey) -> str | None:
        """The version of the code that makes an asset now."""
        return self._nodes[key].code_version

    def keep_with_inputs(
        self, assets: Iterable[dg.AssetKey], built: Collection[dg.AssetKey]
    ) -> list[dg.AssetKey]:
        """Keep the assets whose inputs exist when they run.

        Args:
            assets: In the order of materialization.
            built: The assets that exist, or will before these run.
        """
        known = set(built)
        kept: list[dg.AssetKey] = []
        for asset in assets:
            if known.issuperset(self.parents(asset)):
                kept.append(asset)
                known.add(asset)
            else:
                known.discard(asset)
        return kept

    def assets_to_run(self, gaps: Iterable[dg.AssetKey]) -> list[dg.AssetKey]:
        """The assets to run in order to close the gaps of some assets.

        If only gold has gaps, these are the assets with gaps and their descendants, because gold reads stored
        tables. Otherwise they are all assets of the job, because the day may have been corrected in the ERP.
        """
        selected = set(gaps)
        if any(self._nodes[key].group != GOLD for key in selected):
            return self.assets
        for key in self.assets:
            if not selected.isdisjoint(self.parents(key)):
                selected.add(key)
        return [key for key in self.assets if key in selected]
