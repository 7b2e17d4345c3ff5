"""`SalesAirbyteWorkspace`: dagster-airbyte's workspace with syncs that survive what networks do.

Configured like the library's, and used like it; its HTTP client and its loop are our own, because the
library's fail a healthy sync. What a sync reports belongs to `reporting.py`.
"""

from collections.abc import Iterator

import dagster as dg
from dagster_airbyte import AirbyteWorkspace

from sales_assets.redaction import RedactedReprMixin
from sales_assets.sources.airbyte.api import AirbyteApi
from sales_assets.sources.airbyte.auth import Login
from sales_assets.sources.airbyte.run_sync import SyncEvent, sync_events
from sales_assets.sources.airbyte.sync import Patience

_ENDS = ("/", "/api/public/v1", "/api/v1")


class SalesAirbyteWorkspace(RedactedReprMixin, AirbyteWorkspace):
    """A workspace on an Airbyte server.

    The fields that are not listed are the library's and mean what they mean there.

    Attributes:
        url: The server's address, such as `https://airbyte.example.com`; both APIs are below it.
        rest_api_base_url: The public API, if it is not at `<url>/api/public/v1`.
        configuration_api_base_url: The configuration API, if it is not at `<url>/api/v1`.
        poll_timeout: After how many seconds a run stops waiting for a sync; less than a run may last.
        poll_previous_running_sync: Whether a sync that runs already is joined; otherwise it is refused.
        outage_patience: For how many seconds the server may be away while a sync runs.
    """

    url: str = ""
    rest_api_base_url: str = ""
    configuration_api_base_url: str = ""
    poll_timeout: float | None = 5400
    poll_previous_running_sync: bool = True
    outage_patience: float = 600

    def address(self) -> str:
        """The server's address; a subclass may start the server first."""
        return base_of(self.url or self.rest_api_base_url)

    def get_client(self) -> AirbyteApi:  # type: ignore[override]
        """A client of the server."""
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

    def patience(self) -> Patience:
        """How long to wait for what."""
        return Patience(
            poll_seconds=self.poll_interval,
            timeout_seconds=self.poll_timeout,
            outage_seconds=self.outage_patience,
            joins=self.poll_previous_running_sync,
            cancels=self.cancel_on_termination,
        )

    def sync_and_poll(self, context: dg.AssetExecutionContext) -> Iterator[SyncEvent]:
        """Sync the connection of the running asset, and report each of its streams.

        Args:
            context: Of an asset made by `build_airbyte_assets`.
        """
        address = self.address()
        yield from sync_events(context, self.get_client(), address, self.patience())


def base_of(url: str) -> str:
    """A server's address without the path of an API that somebody copied with it."""
    for end in _ENDS * 2:
        url = url.removesuffix(end)
    return url
