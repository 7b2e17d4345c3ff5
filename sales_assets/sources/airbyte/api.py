"""The HTTP client of Airbyte: the few endpoints that are needed, and what each way of failing means.

Reading is tried again for a moment; starting a sync is sent once, and `syncing.py` decides what an
unclear answer means. What the answers say belongs to `jobs.py` and `live.py`.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from sales_assets.sources.airbyte.auth import Login
from sales_assets.sources.airbyte.failures import (
    AirbyteRefusedError,
    AirbyteUnavailableError,
    judged,
    unreachable,
)
from sales_assets.sources.airbyte.sync_jobs import Attempts, Job

_ABSENT = (403, 404, 405, 501)
"""How a server answers that lacks one of its two APIs."""


@dataclass(frozen=True)
class AirbyteApi:
    """Airbyte's public API, and its configuration API for what the public one does not tell.

    Attributes:
        public: Base URL of the public API.
        config: Base URL of the configuration API.
        workspace_id: The workspace.
        login: How to authenticate.
        timeout_seconds: How long to wait for an answer.
        retries: How often reading is tried again.
        pause_seconds: How long to wait before that.
        page_size: How many items to ask for at once.
    """

    public: str
    config: str
    workspace_id: str
    login: Login
    timeout_seconds: float = 15
    retries: int = 3
    pause_seconds: float = 0.25
    page_size: int = 100
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def __post_init__(self) -> None:
        # A proxy of the environment cannot reach this machine's own loopback.
        self._session.trust_env = urlsplit(self.public).hostname not in ("127.0.0.1", "::1", "localhost")

    def connections(self) -> list[Mapping[str, Any]]:
        """All connections of the workspace, as the public API lists them."""
        return list(self._listed("connections", {"workspaceIds": self.workspace_id}))

    def connection(self, connection_id: str) -> Mapping[str, Any] | None:
        """A connection with its streams; None if neither API tells of it."""
        told = self._optional("POST", f"{self.config}/connections/get", {"connectionId": connection_id})
        return told or self._optional("GET", f"{self.public}/connections/{connection_id}")

    def destination(self, destination_id: str) -> Mapping[str, Any] | None:
        """A destination with its configuration; None if the server does not tell."""
        return self._optional("GET", f"{self.public}/destinations/{destination_id}")

    def syncs(self, connection_id: str) -> list[Job]:
        """The latest syncs of a connection, the oldest first."""
        filters = {"connectionId": connection_id, "orderBy": "createdAt|DESC"}
        page = self._read("GET", f"{self.public}/jobs", params=self._jobs(filters, limit=self.page_size))
        jobs = [self._job(told) for told in page.get("data") or []]
        own = [job for job in jobs if job.type == "sync" and job.connection_id in ("", connection_id)]
        return sorted(own, key=lambda job: job.id)

    def succeeded_since(self, since: datetime) -> Iterator[Job]:
        """The syncs that succeeded after an instant, in the order in which they did."""
        updated = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        filters = {"status": "succeeded", "updatedAtStart": updated, "orderBy": "updatedAt|ASC"}
        for told in self._listed("jobs", self._jobs(filters)):
            yield self._job(told)

    def job(self, job_id: int) -> Job:
        """How a job is now."""
        return self._job(self._read("GET", f"{self.public}/jobs/{job_id}"))

    def attempts(self, job_id: int) -> Attempts:
        """What the attempts at a job tell; nothing if the server does not tell."""
        return Attempts.parse(self._optional("POST", f"{self.config}/jobs/get", {"id": job_id}) or {})

    def start_sync(self, connection_id: str) -> Job:
        """Start a sync; sent once, for nobody knows what became of a request without an answer."""
        body = {"connectionId": connection_id, "jobType": "sync"}
        return self._job(self._sent("POST", f"{self.public}/jobs", body=body))

    def cancel(self, job_id: int) -> None:
        """Cancel a job."""
        self._read("DELETE", f"{self.public}/jobs/{job_id}")

    def _jobs(self, filters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        return {"workspaceIds": self.workspace_id, "jobType": "sync", **filters, **more}

    def _job(self, told: Any) -> Job:
        try:
            return Job.parse(told)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise unreachable(self.public, "an answer that is not a job") from None

    def _listed(self, path: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """All items of a list, page by page."""
        offset, before = 0, None
        while True:
            asked = {**params, "limit": self.page_size, "offset": offset}
            page = self._read("GET", f"{self.public}/{path}", params=asked)
            items = page.get("data") or []
            if not items or items == before:
                return
            yield from items
            if not page.get("next") and len(items) < self.page_size:
                return
            offset, before = offset + len(items), items

    def _optional(
        self, method: str, url: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any] | None:
        try:
            return self._read(method, url, body=body)
        except AirbyteRefusedError as error:
            if error.status in _ABSENT:
                return None
            raise

    def _read(self, method: str, url: str, **request: Any) -> Mapping[str, Any]:
        """Send what may be sent twice, and try again a few times if the server has a bad moment."""
        for _ in range(self.retries):
            try:
                return self._sent(method, url, **request)
            except AirbyteUnavailableError as error:
                time.sleep(max(self.pause_seconds, error.wait_seconds))
        return self._sent(method, url, **request)

    def _sent(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """Send a request; once more if the token was no longer good, for then it was not carried out."""
        for is_last in (False, True):
            authorised = self.login.authorisation(self._session, self.public, self.timeout_seconds)
            try:
                answer = self._session.request(
                    method,
                    url,
                    json=body,
                    params=params,
                    auth=authorised,
                    timeout=self.timeout_seconds,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise unreachable(url, error) from None
            if answer.status_code != requests.codes.unauthorized or is_last or not self.login.forget():
                break
        return judged(answer, self.login)
