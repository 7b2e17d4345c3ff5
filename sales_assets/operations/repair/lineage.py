"""The assets of a job as planning needs them: which are daily, and what follows on what."""

from collections.abc import Iterable
from functools import cached_property

import dagster as dg

from sales_assets.catalog.names import GOLD
from sales_assets.catalog.partitions import DAILY
from sales_assets.private_apis.job_assets import list_job_assets


class Lineage:
    """The assets of a job, `assets` in the order in which they are made.

    Args:
        job: Made of assets, some of them daily.
    """

    def __init__(self, job: dg.JobDefinition):
        self._nodes = {node.key: node for node in list_job_assets(job)}
        self.assets = list(self._nodes)

    @cached_property
    def daily(self) -> list[dg.AssetKey]:
        """The assets with a partition for each business day."""
        return [key for key, node in self._nodes.items() if node.partitions == DAILY]

    @cached_property
    def whole(self) -> list[dg.AssetKey]:
        """The assets without partitions."""
        return [key for key, node in self._nodes.items() if node.partitions is None]

    def parents(self, key: dg.AssetKey) -> list[dg.AssetKey]:
        """What an asset reads within the job."""
        return [parent for parent in self.assets if parent in self._nodes[key].parents]

    def to_run(self, lacking: Iterable[dg.AssetKey]) -> list[dg.AssetKey]:
        """What has to be run where some assets lack a day.

        Gold is made of what is stored already: those assets and what follows on them. Before it, everything,
        for it may be the ERP that was corrected.
        """
        wanted = set(lacking)
        if any(self._nodes[key].group != GOLD for key in wanted):
            return self.assets
        for key in self.assets:
            if wanted & {*self.parents(key)}:
                wanted.add(key)
        return [key for key in self.assets if key in wanted]
