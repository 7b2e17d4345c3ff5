"""The emulator as the resource `airbyte`: started when a run first needs it, never while loading."""

from pathlib import Path

from sales_assets.demo.airbyte.connections import WORKSPACE_ID
from sales_assets.demo.airbyte.process import start_airbyte_emulator
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

_LINK_ADDRESS = "http://127.0.0.1:18001"
"""The committed snapshot has one address, although the emulator's port is another at each start."""


class DemoAirbyteWorkspace(SalesAirbyteWorkspace):
    """The workspace of the local emulator.

    Attributes:
        data_dir: Where the emulator stores its jobs.
        database: The DuckDB file where its syncs land.
        timezone: The zone in which the demo's days begin.
    """

    workspace_id: str = WORKSPACE_ID
    poll_interval: float = 0.2
    data_dir: str
    database: str
    timezone: str

    def address(self) -> str:
        """The emulator's address; starts it if it is not running."""
        return start_airbyte_emulator(Path(self.data_dir), Path(self.database), self.timezone)

    def link_address(self) -> str:
        """The address in the committed snapshot, whatever the port of today."""
        return _LINK_ADDRESS
