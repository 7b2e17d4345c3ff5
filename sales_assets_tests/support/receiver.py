"""A server that records the alerts which arrive over HTTP, and answers as a test wants."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any


class Receiver:
    """A recording server.

    Attributes:
        url: As `ALERT_URLS` has it.
        received: Every request, whatever was answered: apprise's JSON.
        arrivals: The same, to wait for the next one.
        accepted: Those that were answered with success.
        beats: How many heartbeats came.
        status: What is answered from now on; 0 for nothing at all, until the test is over.
        over: Set when the test is over.
    """

    def __init__(self) -> None:
        self.url = ""
        self.received: list[dict[str, Any]] = []
        self.arrivals: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.accepted: list[dict[str, Any]] = []
        self.beats = 0
        self.status = 200
        self.over = Event()

    @property
    def titles(self) -> list[str]:
        """The titles of what was accepted."""
        return [message["title"] for message in self.accepted]


@contextmanager
def running_receiver(path: str = "") -> Iterator[Receiver]:
    """A receiver that runs until the end of the block.

    Args:
        path: Of its URL.
    """
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
            receiver.received.append(message)
            receiver.arrivals.put(message)
            if not receiver.status:
                receiver.over.wait()
                return
            if receiver.status == 200:
                receiver.accepted.append(message)
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            receiver.beats += 1
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"json://127.0.0.1:{server.server_port}/{path}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        receiver.over.set()
        server.shutdown()
