"""The HTTP client of Airbyte: the few endpoints that this project needs, with retries and errors.

Reads are retried for a moment. The request that starts a sync is sent once; `sync.py` decides what an unclear
answer means. Answers are interpreted in `sync_jobs.py` and `discovery.py`.
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
    build_unavailable_error,
    read_json_object,
)
from sales_assets.sources.airbyte.sync_jobs import Attempts, Job

_ABSENT_STATUSES = (403, 404, 405, 501)
"""What a server returns that lacks one of its two APIs."""


@dataclass(frozen=True)
class AirbyteApi:
    """Airbyte's public API, and its configuration API for what the public one does not return.

    Attributes:
        public: Base URL of the public API.
        config: Base URL of the configuration API.
        workspace_id: The workspace.
        login: The credentials.
        timeout_seconds: How long to wait for an answer.
        retries: How often a read is retried.
        pause_seconds: How long to wait before a retry, at least.
        page_size: How many items to request at once.
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

    def list_connections(self) -> list[Mapping[str, Any]]:
        """List all connections of the workspace, as the public API returns them."""
        return list(self._read_pages("connections", {"workspaceIds": self.workspace_id}))

    def get_connection(self, connection_id: str) -> Mapping[str, Any] | None:
        """Get a connection with its streams; None if neither API returns it."""
        body = {"connectionId": connection_id}
        details = self._read_optional("POST", f"{self.config}/connections/get", body)
        return details or self._read_optional("GET", f"{self.public}/connections/{connection_id}")

    def get_destination(self, destination_id: str) -> Mapping[str, Any] | None:
        """Get a destination with its configuration; None if the server does not return it."""
        return self._read_optional("GET", f"{self.public}/destinations/{destination_id}")

    def list_syncs(self, connection_id: str) -> list[Job]:
        """List the latest syncs of a connection, the oldest first."""
        filters = {"connectionId": connection_id, "orderBy": "createdAt|DESC", "limit": self.page_size}
        page = self._read("GET", f"{self.public}/jobs", params=self._filter_syncs(filters))
        jobs = [self._parse_job(payload) for payload in page.get("data") or []]
        syncs = [job for job in jobs if job.type == "sync" and job.connection_id in ("", connection_id)]
        return sorted(syncs, key=lambda job: job.id)

    def list_succeeded_since(self, since: datetime) -> Iterator[Job]:
        """List the syncs that succeeded after a time, in the order in which they ended."""
        updated = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        filters = {"status": "succeeded", "updatedAtStart": updated, "orderBy": "updatedAt|ASC"}
        for payload in self._read_pages("jobs", self._filter_syncs(filters)):
            yield self._parse_job(payload)

    def get_job(self, job_id: int) -> Job:
        """Get the current state of a job."""
        return self._parse_job(self._read("GET", f"{self.public}/jobs/{job_id}"))

    def get_attempts(self, job_id: int) -> Attempts:
        """Get the attempts of a job; unknown if the server does not return them."""
        return Attempts.parse(self._read_optional("POST", f"{self.config}/jobs/get", {"id": job_id}) or {})

    def start_sync(self, connection_id: str) -> Job:
        """Start a sync; sent once, because a request without an answer may have been carried out."""
        body = {"connectionId": connection_id, "jobType": "sync"}
        return self._parse_job(self._send("POST", f"{self.public}/jobs", body=body))

    def cancel_job(self, job_id: int) -> None:
        """Cancel a job."""
        self._read("DELETE", f"{self.public}/jobs/{job_id}")

    def _filter_syncs(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        return {"workspaceIds": self.workspace_id, "jobType": "sync", **filters}

    def _parse_job(self, payload: Any) -> Job:
        try:
            return Job.parse(payload)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise build_unavailable_error(self.public, "the response is not a job") from None

    def _read_pages(self, path: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """All items of a list. A server that ignores `offset` returns the same page again, which ends it."""
        offset, previous = 0, None
        while True:
            page_params = {**params, "limit": self.page_size, "offset": offset}
            page = self._read("GET", f"{self.public}/{path}", params=page_params)
            items = page.get("data") or []
            if not items or items == previous:
                return
            yield from items
            if not page.get("next") and len(items) < self.page_size:
                return
            offset, previous = offset + len(items), items

    def _read_optional(
        self, method: str, url: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any] | None:
        try:
            return self._read(method, url, body=body)
        except AirbyteRefusedError as error:
            if error.status in _ABSENT_STATUSES:
                return None
            raise

    def _read(self, method: str, url: str, **request: Any) -> Mapping[str, Any]:
        """Send a request that may be sent twice, with retries while the server is unavailable.

        urllib3's `Retry` would not retry answers that are not JSON, and could not tell a read that is sent
        by POST from the POST that starts a sync.
        """
        for _ in range(self.retries):
            try:
                return self._send(method, url, **request)
            except AirbyteUnavailableError as error:
                time.sleep(max(self.pause_seconds, error.wait_seconds))
        return self._send(method, url, **request)

    def _send(self, method: str, url: str, **request: Any) -> Mapping[str, Any]:
        """Send a request; once more with a new token if the server no longer accepts the old one."""
        answer = self._request(method, url, **request)
        # A request without a valid token was not carried out, so even a sync may be started again.
        if answer.status_code == requests.codes.unauthorized and self.login.forget_token():
            answer = self._request(method, url, **request)
        return read_json_object(answer, self.login)

    def _request(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        auth = self.login.build_auth(self._session, self.public, self.timeout_seconds)
        try:
            return self._session.request(
                method,
                url,
                json=body,
                params=params,
                auth=auth,
                timeout=self.timeout_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise build_unavailable_error(url, error) from None
