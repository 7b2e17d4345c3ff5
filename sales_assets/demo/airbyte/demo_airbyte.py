"""The stand-in as the resource `airbyte`: starts when a run first asks, and never while loading."""

from pathlib import Path

from sales_assets.demo.airbyte.connections import WORKSPACE_ID
from sales_assets.demo.airbyte.process import running_stand_in
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace


class DemoAirbyteWorkspace(SalesAirbyteWorkspace):
    """The workspace of the local stand-in.

    Attributes:
        data_dir: Where the stand-in keeps its jobs.
        database: The DuckDB file where its syncs land.
        timezone: The zone in which the demo's days begin.
    """

    workspace_id: str = WORKSPACE_ID
    poll_interval: float = 0.2
    data_dir: str
    database: str
    timezone: str

    def address(self) -> str:
        """The stand-in's address; starts it if need be."""
        return running_stand_in(Path(self.data_dir), Path(self.database), self.timezone)
