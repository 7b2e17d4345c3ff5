"""The lineage of a job as planning needs it: its daily and unpartitioned assets, and what depends on what."""

from collections.abc import Collection, Iterable
from functools import cached_property

import dagster as dg

from sales_assets.catalog.names import GOLD
from sales_assets.catalog.partitions import DAILY
from sales_assets.private_apis.job_assets import list_job_assets


class Lineage:
    """The assets of a job; `assets` has their keys in the order of materialization.

    Args:
        job: A job of assets, some of them daily.
    """

    def __init__(self, job: dg.JobDefinition):
        self._nodes = {node.key: node for node in list_job_assets(job)}
        self.assets = list(self._nodes)

    @cached_property
    def daily(self) -> list[dg.AssetKey]:
        """The assets with a partition for each business day."""
        return [key for key, node in self._nodes.items() if node.partitions == DAILY]

    @cached_property
    def unpartitioned(self) -> list[dg.AssetKey]:
        """The assets without partitions."""
        return [key for key, node in self._nodes.items() if node.partitions is None]

    def parents(self, key: dg.AssetKey) -> list[dg.AssetKey]:
        """The assets of the job that an asset reads."""
        return [parent for parent in self.assets if parent in self._nodes[key].parents]

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
