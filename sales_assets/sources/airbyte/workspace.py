"""`SalesAirbyteWorkspace`: dagster-airbyte's workspace, with syncs that survive a bad network.

It is configured and used like the library's. HTTP client and polling are our own, because the library's fail
a healthy sync when one answer is lost. `run_sync.py` decides what a sync reports.
"""

from collections.abc import Iterator

import dagster as dg
from dagster_airbyte import AirbyteWorkspace

from sales_assets.redaction import RedactedReprMixin
from sales_assets.sources.airbyte.api import AirbyteApi
from sales_assets.sources.airbyte.auth import Login
from sales_assets.sources.airbyte.run_sync import SyncEvent, run_sync
from sales_assets.sources.airbyte.sync import PollingConfig


class SalesAirbyteWorkspace(RedactedReprMixin, AirbyteWorkspace):
    """A workspace on an Airbyte server.

    Fields that are not listed here are inherited from the library unchanged.

    Attributes:
        url: The server's address, such as `https://airbyte.example.com`; both APIs are below it.
        rest_api_base_url: The public API, if it is not at `<url>/api/public/v1`.
        configuration_api_base_url: The configuration API, if it is not at `<url>/api/v1`.
        poll_timeout: After how many seconds a run stops waiting; must be below the run's time limit.
        poll_previous_running_sync: Whether to join a running sync; otherwise the run is refused.
        outage_patience: How many seconds of outage a run tolerates while a sync runs.
    """

    url: str = ""
    rest_api_base_url: str = ""
    configuration_api_base_url: str = ""
    poll_timeout: float | None = 5400
    poll_previous_running_sync: bool = True
    outage_patience: float = 600

    def address(self) -> str:
        """The server's address; a subclass may start the server first."""
        return strip_api_path(self.url or self.rest_api_base_url)

    def link_address(self) -> str:
        """The server's address as a snapshot has it, for links."""
        return self.address()

    def get_client(self) -> AirbyteApi:  # type: ignore[override]
        """Build a client of the server."""
        address = self.address()
        return AirbyteApi(
            public=(self.rest_api_base_url or f"{address}/api/public/v1").rstrip("/"),
            config=(self.configuration_api_base_url or f"{address}/api/v1").rstrip("/"),
            workspace_id=self.workspace_id,
            login=Login(self.client_id, self.client_secret, self.username, self.password),
            timeout_seconds=self.request_timeout,
            retries=self.request_max_retries,
            pause_seconds=self.request_retry_delay,
            page_size=self.max_items_per_page,
        )

    def build_polling_config(self) -> PollingConfig:
        """Build the polling configuration from the fields."""
        return PollingConfig(
            poll_seconds=self.poll_interval,
            timeout_seconds=self.poll_timeout,
            outage_seconds=self.outage_patience,
            join_running=self.poll_previous_running_sync,
            cancel_with_run=self.cancel_on_termination,
        )

    def sync_and_poll(self, context: dg.AssetExecutionContext) -> Iterator[SyncEvent]:
        """Sync the connection of the running asset, and report each of its streams.

        Args:
            context: Of an asset made by `build_airbyte_assets`.
        """
        address = self.address()
        yield from run_sync(context, self.get_client(), address, self.build_polling_config())


def strip_api_path(url: str) -> str:
    """Remove the path of an API from a server's address, which users tend to copy with it."""
    return url.rstrip("/").removesuffix("/api/public/v1").removesuffix("/api/v1").rstrip("/")
