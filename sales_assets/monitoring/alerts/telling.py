"""What every message needs to know of the deployment: owners, links, the currency, the instance."""

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg

from sales_assets.catalog.names import OWNER
from sales_assets.settings import Settings


@dataclass(frozen=True)
class Telling:
    """The deployment that tells.

    Attributes:
        instance: Where runs and their events are.
        repository: The code location, which knows the owners of assets.
        settings: Its settings.
    """

    instance: dg.DagsterInstance
    repository: dg.RepositoryDefinition
    settings: Settings

    @property
    def currency(self) -> str:
        """The currency of the ERP's amounts."""
        return self.settings.erp_currency

    def owner_of(self, assets: Iterable[dg.AssetKey]) -> str:
        """The first owner of the first asset that has one; the location's own for a run without assets."""
        graph = self.repository.asset_graph
        for asset in assets:
            if graph.has(asset) and (owners := graph.get(asset).owners):
                return str(owners[0])
        return OWNER

    def link_to_run(self, run_id: str) -> str:
        """The page of a run; a hint how to find it if nobody said where the UI is."""
        url = self.settings.dagster_url
        return f"{url}/runs/{run_id}" if url else f"Run {run_id} in Dagster's UI."
