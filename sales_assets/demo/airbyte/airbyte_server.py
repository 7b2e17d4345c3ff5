"""The stand-in's HTTP: Airbyte's endpoints that we use, on 127.0.0.1.

Which request gets which answer belongs here; what the workspace and its jobs are does not.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sales_assets.demo.airbyte.connections import WORKSPACE_ID, Json, StandInConnection
from sales_assets.demo.airbyte.demo_jobs import BusyError, Jobs, StandInJob

PUBLIC, CONFIG = "/api/public/v1", "/api/v1"

Answer = tuple[int, Json]


class StandIn:
    """A workspace that answers requests.

    Args:
        connections: What is in it.
        jobs: Its jobs.
        database: Where its destinations land.
        about: What `health` tells of this process.
    """

    def __init__(
        self, connections: Sequence[StandInConnection], jobs: Jobs, database: str, about: Json | None = None
    ):
        self.connections = {each.id: each for each in connections}
        self.jobs = jobs
        self.database = database
        self.about = about or {}
        self._routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", rf"(?:{PUBLIC}|{CONFIG})/health", self._health),
            ("POST", f"{PUBLIC}/applications/token", self._token),
            ("GET", f"{PUBLIC}/workspaces/{WORKSPACE_ID}", self._workspace),
            ("GET", f"{PUBLIC}/connections", self._connections),
            ("GET", f"{PUBLIC}/connections/([^/]+)", self._connection),
            ("GET", f"{PUBLIC}/destinations/([^/]+)", self._destination),
            ("GET", f"{PUBLIC}/jobs", self._jobs),
            ("POST", f"{PUBLIC}/jobs", self._start),
            ("GET", rf"{PUBLIC}/jobs/(\d+)", self._job),
            ("DELETE", rf"{PUBLIC}/jobs/(\d+)", self._cancel),
            ("POST", f"{CONFIG}/connections/get", self._connection_details),
            ("POST", f"{CONFIG}/jobs/get", self._job_details),
            ("GET", "/workspaces/[^/]+/connections/([^/]+)(?:/.*)?", self._page),
        ]

    def answer(self, method: str, path: str, asked: Mapping[str, Any]) -> Answer:
        """Status and body for a request.

        Args:
            method: GET, POST or DELETE.
            path: Without the query.
            asked: The query or the body.
        """
        for wanted, pattern, respond in self._routes:
            if wanted == method and (found := re.fullmatch(pattern, path)):
                try:
                    return respond(asked, *found.groups())
                except KeyError as error:
                    return 404, {"status": 404, "detail": f"There is no {error}."}
        return 404, {"status": 404, "detail": f"There is no {method} {path}."}

    def _health(self, _: Mapping[str, Any]) -> Answer:
        return 200, {"available": True, **self.about}

    def _token(self, _: Mapping[str, Any]) -> Answer:
        return 200, {"access_token": "local", "token_type": "Bearer", "expires_in": 180}

    def _workspace(self, _: Mapping[str, Any]) -> Answer:
        return 200, {
            "workspaceId": WORKSPACE_ID,
            "name": "local",
            "dataResidency": "auto",
            "notifications": {},
        }

    def _connections(self, asked: Mapping[str, Any]) -> Answer:
        return 200, _page([each.public() for each in self.connections.values()], asked)

    def _connection(self, _: Mapping[str, Any], id_: str) -> Answer:
        return 200, self.connections[id_].public()

    def _connection_details(self, asked: Mapping[str, Any]) -> Answer:
        return 200, self.connections[asked["connectionId"]].detailed()

    def _destination(self, _: Mapping[str, Any], id_: str) -> Answer:
        destinations = [each.destination(self.database) for each in self.connections.values()]
        return 200, {each["destinationId"]: each for each in destinations}[id_]

    def _jobs(self, asked: Mapping[str, Any]) -> Answer:
        wanted = [job.public() for job in self.jobs.all()]
        for name, field in (("connectionId", "connectionId"), ("status", "status"), ("jobType", "jobType")):
            wanted = [job for job in wanted if asked.get(name, job[field]) == job[field]]
        for name, field in (("updatedAtStart", "lastUpdatedAt"), ("createdAtStart", "startTime")):
            wanted = [
                job for job in wanted if name not in asked or _moment(job[field]) >= _moment(asked[name])
            ]
        field, _, order = asked.get("orderBy", "createdAt|ASC").partition("|")
        by = "lastUpdatedAt" if field == "updatedAt" else "startTime"
        wanted.sort(key=lambda job: (job[by], job["jobId"]), reverse=order == "DESC")
        return 200, _page(wanted, asked)

    def _start(self, asked: Mapping[str, Any]) -> Answer:
        connection = self.connections[asked["connectionId"]]
        if connection.status != "active":
            return 400, {"status": 400, "detail": f"{connection.name} is not active."}
        try:
            return 200, self.jobs.start(connection.id).public()
        except BusyError:
            return 409, {"status": 409, "detail": f"A sync of {connection.name} is already running."}

    def _job(self, _: Mapping[str, Any], id_: str) -> Answer:
        return 200, self._found(id_).public()

    def _job_details(self, asked: Mapping[str, Any]) -> Answer:
        return 200, self._found(asked["id"]).detailed()

    def _cancel(self, _: Mapping[str, Any], id_: str) -> Answer:
        self.jobs.cancel(self._found(id_))
        return self._job(_, id_)

    def _page(self, _: Mapping[str, Any], id_: str) -> Answer:
        """What a link to a connection shows in a browser."""
        jobs = [job.detailed() for job in self.jobs.all() if job.connection_id == id_]
        return 200, {"connection": self.connections[id_].public(), "jobs": jobs[::-1]}

    def _found(self, id_: object) -> StandInJob:
        return {job.id: job for job in self.jobs.all()}[int(str(id_))]


class Handler(BaseHTTPRequestHandler):
    """Hands a request to the stand-in of the server."""

    protocol_version = "HTTP/1.1"
    server: "StandInServer"

    def do_GET(self) -> None:
        """Answer what is asked by the query."""
        query = parse_qs(urlsplit(self.path).query)
        self.respond({name: values[-1] for name, values in query.items()})

    def do_POST(self) -> None:
        """Answer what is asked by the body."""
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.respond(json.loads(sent or "{}"))
        except json.JSONDecodeError:
            self.send_body(400, b'{"status": 400, "detail": "The body is not JSON."}')

    do_DELETE = do_GET  # noqa: N815

    def respond(self, asked: Mapping[str, Any]) -> None:
        """Send the stand-in's answer."""
        status, told = self.server.stand_in.answer(self.command, urlsplit(self.path).path, asked)
        self.send_body(status, json.dumps(told).encode())

    def send_body(self, status: int, body: bytes) -> None:
        """Send a status and a body of JSON."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing of requests."""


class StandInServer(ThreadingHTTPServer):
    """Serves a stand-in on a port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self, stand_in: StandIn, port: int = 0, handler: type[Handler] = Handler):
        super().__init__(("127.0.0.1", port), handler)
        self.stand_in = stand_in

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


def _page(items: list[Json], asked: Mapping[str, Any]) -> Json:
    offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 20))
    more = offset + limit < len(items)
    following = f"?limit={limit}&offset={offset + limit}" if more else ""
    return {"data": items[offset : offset + limit], "next": following, "previous": ""}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
