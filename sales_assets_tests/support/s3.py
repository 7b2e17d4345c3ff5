"""S3 for tests: moto's server over real HTTP, behind a proxy that breaks answers when it is told to."""

import http.client
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from uuid import uuid4

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import s3_backends

from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource

PREFIX = "in/"

Answer = tuple[int, list[tuple[str, str]], bytes]
Fault = Callable[["Proxy", str, str], Answer | None]
"""Gets method and path; gives another answer, or None to let the request through."""


def error(status: int, code: str) -> Fault:
    """S3's own way to say no."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>it said so</Message></Error>"
    return lambda *_: (status, [("Content-Type", "application/xml")], body.encode())


def nonsense(proxy: "Proxy", method: str, path: str) -> Answer:
    """An answer that is not what it says."""
    return 200, [("Content-Type", "application/xml")], b"<ListBucketResult><Contents><Ke"


class ResetError(Exception):
    """Cut the connection."""


def reset_half_way(proxy: "Proxy", method: str, path: str) -> Answer:
    """Half of a body, then a connection that is reset."""
    status, headers, body = proxy.forward(method, path, proxy.headers, b"")
    raise ResetError(status, headers, body[: len(body) // 2])


class Proxy(BaseHTTPRequestHandler):
    """Passes requests on, or answers itself."""

    protocol_version = "HTTP/1.1"
    upstream: tuple[str, int]
    faults: list[Fault]
    asked: list[str]

    def forward(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(*self.upstream)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        read = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return read

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append(f"{self.command} {self.path}")
        fault = self.faults[0](self, self.command, self.path) if self.faults else None
        self.reply(*(fault or self.forward(self.command, self.path, self.headers, body)))

    do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that the parent looks for

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                self.send_header(name, value)
        length = dict((name.lower(), value) for name, value in headers).get("content-length", str(len(body)))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ResetError as cut:
            self.reply(*cut.args)
            self.wfile.flush()
            # With nothing to linger for, the kernel sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""


class OneClientResource(MarketplaceS3Resource):
    """The resource with a client that was made before; to make one takes longer than a look at the bucket."""

    clients: ClassVar[dict[str, Any]] = {}

    def get_client(self) -> Any:
        """The client of the test."""
        return self.clients[self.bucket]


class S3:
    """A server with a bucket of its own for each test."""

    def __init__(self, url: str, proxy: type[Proxy]):
        self.url = url
        self.proxy = proxy
        self.bucket = ""
        self.client: Any = None

    def fresh(self) -> "S3":
        """An empty bucket, and no faults."""
        self.proxy.faults, self.proxy.asked = [], []
        self.bucket = f"bucket-{uuid4().hex[:12]}"
        self.client = self.resource().get_client()
        self.client.create_bucket(Bucket=self.bucket)
        self.proxy.asked.clear()
        return self

    def resource(self, **changed: Any) -> MarketplaceS3Resource:
        """The resource `s3`; it tries once, so that faults need not be repeated."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "s3cret-word"}
        options = {"endpoint_url": self.url, "region_name": "us-east-1", "max_attempts": 0, **keys}
        return MarketplaceS3Resource(**({"bucket": self.bucket, "prefix": PREFIX} | options | changed))

    def quick_resource(self) -> MarketplaceS3Resource:
        """The resource `s3` for a test that asks for it a hundred times."""
        OneClientResource.clients[self.bucket] = self.client
        return OneClientResource(bucket=self.bucket, prefix=PREFIX)

    def put(self, key: str, content: bytes) -> None:
        """Drop a file."""
        self.client.put_object(Bucket=self.bucket, Key=PREFIX + key, Body=content)

    def put_many(self, keys: list[str], content: bytes) -> None:
        """Drop thousands of files, past HTTP."""
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for key in keys:
            backend.put_object(self.bucket, PREFIX + key, content)

    def delete(self, key: str) -> None:
        """Take a file away."""
        self.client.delete_object(Bucket=self.bucket, Key=PREFIX + key)

    @contextmanager
    def broken(self, *faults: Fault) -> Iterator[None]:
        """Break every answer."""
        self.proxy.faults = list(faults)
        try:
            yield
        finally:
            self.proxy.faults = []


@contextmanager
def running_s3() -> Iterator[S3]:
    """The server, for as long as it is needed."""
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    proxy = type("OurProxy", (Proxy,), {"upstream": moto.get_host_and_port(), "faults": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), proxy)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield S3(f"http://127.0.0.1:{server.server_port}", proxy)
    server.shutdown()
    server.server_close()
    moto.stop()
