"""An Airbyte for tests: the stand-in over real HTTP, whose jobs a test steers and whose answers it spoils."""

import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sales_assets.demo.airbyte.airbyte_server import Answer, Handler, StandIn, StandInServer
from sales_assets.demo.airbyte.connections import CONNECTIONS, WORKSPACE_ID, StandInConnection
from sales_assets.demo.airbyte.demo_jobs import Jobs, StandInJob
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

CRM = next(each for each in CONNECTIONS if each.name == "prod_crm")
RESET, SLOW, GARBLED, TORN = "reset", "slow", "garbled", "torn"


class Fault:
    """What becomes of the next requests of a kind.

    Args:
        what: A status to answer with, or one of the words above.
        method: GET, POST, DELETE, or any.
        path: A pattern that the path's end must match.
        times: How many requests it spoils.
        is_done: Whether the request is carried out all the same, and only its answer is lost.
        headers: Of the answer.
        body: Of the answer.
    """

    def __init__(
        self,
        what: int | str,
        method: str = "",
        path: str = "",
        *,
        times: int = 1,
        is_done: bool = False,
        headers: Mapping[str, str] | None = None,
        body: str = "{}",
    ):
        self.what = what
        self.method = method
        self.path = path
        self.left = times
        self.is_done = is_done
        self.headers = headers or {}
        self.body = body

    def hits(self, method: str, path: str) -> bool:
        """Whether it spoils a request; counts those that it does."""
        if not self.left or self.method not in ("", method) or not re.search(f"{self.path}$", path):
            return False
        self.left -= 1
        return True


class FaultyHandler(Handler):
    """Answers as the stand-in does, unless a fault says otherwise."""

    server: "Airbyte"

    def respond(self, asked: Mapping[str, Any]) -> None:
        path = self.path.split("?")[0]
        token = self.headers.get("Authorization", "")
        self.server.requests.append((self.command, path, token))
        fault = next((each for each in self.server.faults if each.hits(self.command, path)), None)
        if fault is None and self.server.token and "/applications/token" not in path:
            fault = None if token == f"Bearer {self.server.token}" else Fault(401)
        if fault is None:
            super().respond(asked)
            return
        if fault.is_done:
            self.server.stand_in.answer(self.command, path, asked)
        self._spoil(fault)

    def _spoil(self, fault: Fault) -> None:
        if fault.what == SLOW:
            self.server.closing.wait(30)
        elif fault.what == RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault.what == GARBLED:
            self.send_body(200, b'{"jobId": 1, "status": ')
        elif fault.what == TORN:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"{")
        else:
            assert isinstance(fault.what, int)
            self.send_response(fault.what)
            for name, value in {**fault.headers, "Content-Length": str(len(fault.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(fault.body.encode())
            return
        self.close_connection = True


class SteeredStandIn(StandIn):
    """A stand-in that lacks some endpoints."""

    absent = ""

    def answer(self, method: str, path: str, asked: Mapping[str, Any]) -> Answer:
        if self.absent and re.search(self.absent, path):
            return 404, {"detail": "There is no such endpoint."}
        if path.endswith("/applications/token"):
            return 200, {"expires_in": 180, **self.about, "access_token": self.about["token"]}
        return super().answer(method, path, asked)


class Airbyte(StandInServer):
    """A workspace whose syncs run until the test lets them go.

    Attributes:
        faults: What becomes of the next requests; the first that hits counts.
        requests: Method, path and authorisation of every request.
        token: The token that requests must bear; none if it is empty.
    """

    def __init__(self, folder: Path, connections: Sequence[StandInConnection] = CONNECTIONS):
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, str]] = []
        self.token = ""
        self.closing = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self.failure = ""
        self.jobs = Jobs(folder / "jobs.json", self._work)
        self.about: dict[str, Any] = {"token": ""}
        stand_in = SteeredStandIn(connections, self.jobs, str(folder / "w.duckdb"), self.about)
        super().__init__(stand_in, handler=FaultyHandler)

    def _work(self, job: StandInJob) -> None:
        self.go.wait(30)
        if self.failure:
            raise RuntimeError(self.failure)
        job.rows, job.bytes = {"accounts": 3, "contacts": 4}, 70

    def asked(self, method: str, end: str) -> int:
        """How many requests of a kind there were."""
        return sum(m == method and bool(re.search(f"{end}$", path)) for m, path, _ in self.requests)

    def started(self) -> int:
        """How many requests to start a sync there were."""
        return self.asked("POST", "/public/v1/jobs")

    def sync(self, connection: StandInConnection = CRM) -> StandInJob:
        """A sync that Airbyte runs by itself, to its end."""
        return finished(self.jobs.start(connection.id))

    def replace(self, *connections: StandInConnection) -> None:
        """Have other connections."""
        self.stand_in.connections = {each.id: each for each in connections}

    def workspace(self, **config: Any) -> SalesAirbyteWorkspace:
        """The resource that reaches it, in a hurry."""
        quick = {
            "poll_interval": 0.02,
            "request_retry_delay": 0.01,
            "request_timeout": 1,
            "request_max_retries": 1,
        }
        return SalesAirbyteWorkspace(url=self.url, workspace_id=WORKSPACE_ID, **(quick | config))


def finished(job: StandInJob) -> StandInJob:
    """The job when its thread has ended."""
    for thread in threading.enumerate():
        if thread.name == f"job {job.id}":
            thread.join(30)
    return job


@contextmanager
def airbyte(folder: Path, connections: Sequence[StandInConnection] = CONNECTIONS) -> Iterator[Airbyte]:
    """A server that runs for as long as it is needed."""
    server = Airbyte(folder, connections)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
