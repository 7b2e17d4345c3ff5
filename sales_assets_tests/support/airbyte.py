"""An Airbyte for tests: the emulator over real HTTP, with controlled jobs and injected faults."""

import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sales_assets.demo.airbyte.airbyte_server import AirbyteEmulator, Answer, EmulatorHandler, EmulatorServer
from sales_assets.demo.airbyte.connections import CONNECTIONS, WORKSPACE_ID, EmulatedConnection
from sales_assets.demo.airbyte.demo_jobs import EmulatedJob, JobStore
from sales_assets.sources.airbyte.workspace import SalesAirbyteWorkspace

CRM = next(each for each in CONNECTIONS if each.name == "prod_crm")
RESET, SLOW, GARBLED, TORN = "reset", "slow", "garbled", "torn"


class Fault:
    """A fault that the next matching requests meet.

    Args:
        what: A status to answer with, or one of the constants above.
        method: GET, POST or DELETE; empty for any.
        path: A pattern for the end of the path.
        times: How many requests meet the fault.
        is_done: Whether the request is carried out, and only its answer is lost.
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
        """Whether a request meets the fault; counts down if it does."""
        if not self.left or self.method not in ("", method) or not re.search(f"{self.path}$", path):
            return False
        self.left -= 1
        return True


class FaultyHandler(EmulatorHandler):
    """Answers as the emulator does, unless the request meets a fault."""

    server: "Airbyte"

    def respond(self, params: Mapping[str, Any]) -> None:
        path = self.path.split("?")[0]
        token = self.headers.get("Authorization", "")
        self.server.requests.append((self.command, path, token))
        fault = next((each for each in self.server.faults if each.hits(self.command, path)), None)
        if fault is None and self.server.token and "/applications/token" not in path:
            fault = None if token == f"Bearer {self.server.token}" else Fault(401)
        if fault is None:
            super().respond(params)
            return
        if fault.is_done:
            self.server.emulator.answer(self.command, path, params)
        self._inject(fault)

    def _inject(self, fault: Fault) -> None:
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


class PartialEmulator(AirbyteEmulator):
    """An emulator without the endpoints that match `absent`."""

    absent = ""

    def answer(self, method: str, path: str, params: Mapping[str, Any]) -> Answer:
        if self.absent and re.search(self.absent, path):
            return 404, {"detail": "There is no such endpoint."}
        if path.endswith("/applications/token"):
            return 200, {"expires_in": 180, **self.about, "access_token": self.about["token"]}
        return super().answer(method, path, params)


class Airbyte(EmulatorServer):
    """A workspace whose syncs end when the test allows it.

    Attributes:
        faults: Faults of the next requests; the first that matches applies.
        requests: Method, path and authorization of every request.
        token: The token that requests must have; none is needed if it is empty.
        go: Syncs wait until this is set.
        failure: The reason with which syncs fail; they succeed if it is empty.
    """

    emulator: PartialEmulator

    def __init__(self, folder: Path, connections: Sequence[EmulatedConnection] = CONNECTIONS):
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, str]] = []
        self.token = ""
        self.closing = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self.failure = ""
        self.jobs = JobStore(folder / "jobs.json", self._sync)
        self.about: dict[str, Any] = {"token": ""}
        emulator = PartialEmulator(connections, self.jobs, str(folder / "w.duckdb"), self.about)
        super().__init__(emulator, handler=FaultyHandler)

    def _sync(self, job: EmulatedJob) -> None:
        self.go.wait(30)
        if self.failure:
            raise RuntimeError(self.failure)
        job.rows, job.bytes = {"accounts": 3, "contacts": 4}, 70

    def count_requests(self, method: str, end: str) -> int:
        """Count the requests with a method and the end of a path."""
        return sum(m == method and bool(re.search(f"{end}$", path)) for m, path, _ in self.requests)

    def count_starts(self) -> int:
        """Count the requests to start a sync."""
        return self.count_requests("POST", "/public/v1/jobs")

    def sync(self, connection: EmulatedConnection = CRM) -> EmulatedJob:
        """Run a sync that Airbyte starts on its own, and wait until it ends."""
        return wait_for_job(self.jobs.start(connection.id))

    def replace(self, *connections: EmulatedConnection) -> None:
        """Replace all connections."""
        self.emulator.connections = {each.id: each for each in connections}

    def workspace(self, **config: Any) -> SalesAirbyteWorkspace:
        """Build the resource that connects to this server, with short pauses."""
        quick = {
            "poll_interval": 0.02,
            "request_retry_delay": 0.01,
            "request_timeout": 1,
            "request_max_retries": 1,
        }
        return SalesAirbyteWorkspace(url=self.url, workspace_id=WORKSPACE_ID, **(quick | config))


def wait_for_job(job: EmulatedJob) -> EmulatedJob:
    """Wait until the thread of a job has ended."""
    for thread in threading.enumerate():
        if thread.name == f"job {job.id}":
            thread.join(300)
    return job


@contextmanager
def running_airbyte(
    folder: Path, connections: Sequence[EmulatedConnection] = CONNECTIONS
) -> Iterator[Airbyte]:
    """Run a server while the context is open."""
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
