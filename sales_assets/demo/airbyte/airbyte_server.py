"""The emulator's HTTP server: the Airbyte endpoints that this project uses, on 127.0.0.1.

It routes requests to answers. `connections.py` contains the workspace, `demo_jobs.py` its jobs.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sales_assets.demo.airbyte.connections import WORKSPACE, WORKSPACE_ID, EmulatedConnection, Json
from sales_assets.demo.airbyte.demo_jobs import BusyError, EmulatedJob, JobStore

_PUBLIC_API, _CONFIG_API = "/api/public/v1", "/api/v1"

Answer = tuple[int, Json]


class AirbyteEmulator:
    """A workspace that answers requests.

    Args:
        connections: The connections of the workspace.
        jobs: The jobs of the workspace.
        database: Where its destinations land.
        about: Facts about this process that `health` returns.
    """

    def __init__(self, connections: Sequence[EmulatedConnection], jobs: JobStore, database: str, about: Json):
        self.connections = {each.id: each for each in connections}
        self.jobs = jobs
        self.database = database
        self.about = about
        self._routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", rf"(?:{_PUBLIC_API}|{_CONFIG_API})/health", self._get_health),
            ("POST", f"{_PUBLIC_API}/applications/token", self._issue_token),
            ("GET", f"{_PUBLIC_API}/workspaces/{WORKSPACE_ID}", self._get_workspace),
            ("GET", f"{_PUBLIC_API}/connections", self._list_connections),
            ("GET", f"{_PUBLIC_API}/connections/([^/]+)", self._get_connection),
            ("GET", f"{_PUBLIC_API}/destinations/([^/]+)", self._get_destination),
            ("GET", f"{_PUBLIC_API}/jobs", self._list_jobs),
            ("POST", f"{_PUBLIC_API}/jobs", self._start_job),
            ("GET", rf"{_PUBLIC_API}/jobs/(\d+)", self._get_job),
            ("DELETE", rf"{_PUBLIC_API}/jobs/(\d+)", self._cancel_job),
            ("POST", f"{_CONFIG_API}/connections/get", self._get_connection_details),
            ("POST", f"{_CONFIG_API}/jobs/get", self._get_job_details),
            ("GET", "/workspaces/[^/]+/connections/([^/]+)(?:/.*)?", self._get_page),
        ]

    def answer(self, method: str, path: str, params: Mapping[str, Any]) -> Answer:
        """Answer a request with a status and a body.

        Args:
            method: GET, POST or DELETE.
            path: Without the query.
            params: The query or the body.
        """
        for route_method, pattern, respond in self._routes:
            if route_method == method and (match := re.fullmatch(pattern, path)):
                try:
                    return respond(params, *match.groups())
                except KeyError as error:
                    return 404, {"status": 404, "detail": f"Not found: {error}."}
        return 404, {"status": 404, "detail": f"No such endpoint: {method} {path}."}

    def _get_health(self, _: Mapping[str, Any]) -> Answer:
        return 200, {"available": True, **self.about}

    def _issue_token(self, _: Mapping[str, Any]) -> Answer:
        return 200, {"access_token": "local", "token_type": "Bearer", "expires_in": 180}

    def _get_workspace(self, _: Mapping[str, Any]) -> Answer:
        return 200, WORKSPACE

    def _list_connections(self, params: Mapping[str, Any]) -> Answer:
        return 200, _paginate([each.to_public_json() for each in self.connections.values()], params)

    def _get_connection(self, _: Mapping[str, Any], id_: str) -> Answer:
        return 200, self.connections[id_].to_public_json()

    def _get_connection_details(self, params: Mapping[str, Any]) -> Answer:
        return 200, self.connections[params["connectionId"]].to_config_json()

    def _get_destination(self, _: Mapping[str, Any], id_: str) -> Answer:
        destinations = [each.destination_to_json(self.database) for each in self.connections.values()]
        return 200, {each["destinationId"]: each for each in destinations}[id_]

    def _list_jobs(self, params: Mapping[str, Any]) -> Answer:
        jobs = [job.to_public_json() for job in self.jobs.list_all()]
        for field in ("connectionId", "status", "jobType"):
            jobs = [job for job in jobs if params.get(field, job[field]) == job[field]]
        for name, field in (("updatedAtStart", "lastUpdatedAt"), ("createdAtStart", "startTime")):
            if name in params:
                start = datetime.fromisoformat(params[name])
                jobs = [job for job in jobs if datetime.fromisoformat(job[field]) >= start]
        order_field, _, direction = params.get("orderBy", "createdAt|ASC").partition("|")
        order_by = "lastUpdatedAt" if order_field == "updatedAt" else "startTime"
        jobs.sort(key=lambda job: (job[order_by], job["jobId"]), reverse=direction == "DESC")
        return 200, _paginate(jobs, params)

    def _start_job(self, params: Mapping[str, Any]) -> Answer:
        connection = self.connections[params["connectionId"]]
        if connection.status != "active":
            return 400, {"status": 400, "detail": f"{connection.name} is not active."}
        try:
            return 200, self.jobs.start(connection.id).to_public_json()
        except BusyError:
            return 409, {"status": 409, "detail": f"A sync of {connection.name} is already running."}

    def _get_job(self, _: Mapping[str, Any], id_: str) -> Answer:
        return 200, self._find_job(id_).to_public_json()

    def _get_job_details(self, params: Mapping[str, Any]) -> Answer:
        return 200, self._find_job(params["id"]).to_config_json()

    def _cancel_job(self, _: Mapping[str, Any], id_: str) -> Answer:
        self.jobs.cancel(self._find_job(id_))
        return self._get_job(_, id_)

    def _get_page(self, _: Mapping[str, Any], id_: str) -> Answer:
        """What a browser shows for a link to a connection."""
        jobs = [job.to_config_json() for job in self.jobs.list_all() if job.connection_id == id_]
        return 200, {"connection": self.connections[id_].to_public_json(), "jobs": jobs[::-1]}

    def _find_job(self, id_: object) -> EmulatedJob:
        return {job.id: job for job in self.jobs.list_all()}[int(str(id_))]


class EmulatorHandler(BaseHTTPRequestHandler):
    """Passes a request to the emulator of the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits 40 ms for the acknowledgement of its headers
    server: "EmulatorServer"

    def do_GET(self) -> None:
        """Answer a request with a query."""
        query = parse_qs(urlsplit(self.path).query)
        self.respond({name: values[-1] for name, values in query.items()})

    def do_POST(self) -> None:
        """Answer a request with a JSON body."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.respond(json.loads(body or "{}"))
        except json.JSONDecodeError:
            self.send_body(400, b'{"status": 400, "detail": "The body is not JSON."}')

    do_DELETE = do_GET  # noqa: N815

    def respond(self, params: Mapping[str, Any]) -> None:
        """Send the emulator's answer."""
        status, payload = self.server.emulator.answer(self.command, urlsplit(self.path).path, params)
        self.send_body(status, json.dumps(payload).encode())

    def send_body(self, status: int, body: bytes) -> None:
        """Send a status and a JSON body."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Log no requests."""


class EmulatorServer(ThreadingHTTPServer):
    """Serves an emulator on a port of 127.0.0.1."""

    daemon_threads = True

    def __init__(
        self, emulator: AirbyteEmulator, port: int = 0, handler: type[EmulatorHandler] = EmulatorHandler
    ):
        super().__init__(("127.0.0.1", port), handler)
        self.emulator = emulator

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.server_port}"


def _paginate(items: list[Json], params: Mapping[str, Any]) -> Json:
    offset, limit = int(params.get("offset", 0)), int(params.get("limit", 20))
    end = offset + limit
    next_page = f"?limit={limit}&offset={end}" if end < len(items) else ""
    return {"data": items[offset:end], "next": next_page, "previous": ""}
