"""S3 for tests: moto's server over real HTTP, behind a proxy into which a test can inject faults."""

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
"""Takes method and path; returns another answer, or None to let the request through."""


def s3_error(status: int, code: str) -> Fault:
    """Answer with an error as S3 formats it."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>it said so</Message></Error>"
    return lambda *_: (status, [("Content-Type", "application/xml")], body.encode())


def answer_nonsense(proxy: "Proxy", method: str, path: str) -> Answer:
    """Answer with broken XML."""
    return 200, [("Content-Type", "application/xml")], b"<ListBucketResult><Contents><Ke"


class ResetError(Exception):
    """Makes the proxy reset the connection, after the given part of an answer."""


def reset_half_way(proxy: "Proxy", method: str, path: str) -> Answer:
    """Answer with half of the body, then reset the connection."""
    status, headers, body = proxy.forward(method, path, proxy.headers, b"")
    raise ResetError(status, headers, body[: len(body) // 2])


class Proxy(BaseHTTPRequestHandler):
    """Forwards requests, or answers them with a fault."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits 40 ms for the acknowledgement of its headers
    upstream: tuple[str, int]
    faults: list[Fault]
    requests: list[str]

    def forward(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(*self.upstream)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        read = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return read

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.requests.append(f"{self.command} {self.path}")
        fault = self.faults[0](self, self.command, self.path) if self.faults else None
        self.reply(*(fault or self.forward(self.command, self.path, self.headers, body)))

    do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that the parent class calls

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
            # With a linger time of zero, the kernel sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Log nothing."""


class OneClientResource(MarketplaceS3Resource):
    """The resource with a ready client, because creating one takes longer than listing the bucket."""

    clients: ClassVar[dict[str, Any]] = {}

    def get_client(self) -> Any:
        """Return the client of the test."""
        return self.clients[self.bucket]


class S3:
    """A server with a new bucket for each test."""

    def __init__(self, url: str, proxy: type[Proxy]):
        self.url = url
        self.proxy = proxy
        self.bucket = ""
        self.client: Any = None

    def reset(self) -> "S3":
        """Start over with an empty bucket and no faults."""
        self.proxy.faults, self.proxy.requests = [], []
        self.bucket = f"bucket-{uuid4().hex[:12]}"
        self.client = self.client or self.resource().get_client()  # 0.1 s each
        self.client.create_bucket(Bucket=self.bucket)
        self.proxy.requests.clear()
        return self

    def resource(self, **changed: Any) -> MarketplaceS3Resource:
        """Return the resource `s3`. It tries only once, so that a fault need not be repeated."""
        options: dict[str, Any] = {
            "bucket": self.bucket,
            "prefix": PREFIX,
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "max_attempts": 0,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "s3cret-word",
        }
        return MarketplaceS3Resource(**(options | changed))

    def quick_resource(self) -> MarketplaceS3Resource:
        """Return the resource `s3` for a test that uses it a hundred times."""
        OneClientResource.clients[self.bucket] = self.client
        return OneClientResource(bucket=self.bucket, prefix=PREFIX)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables with which other clients than boto3's find the server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "s3cret-word",
        }

    def put(self, key: str, content: bytes) -> None:
        """Upload a file."""
        self.client.put_object(Bucket=self.bucket, Key=PREFIX + key, Body=content)

    def put_many(self, keys: list[str], content: bytes) -> None:
        """Upload thousands of files, bypassing HTTP."""
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for key in keys:
            backend.put_object(self.bucket, PREFIX + key, content)

    def delete(self, key: str) -> None:
        """Delete a file."""
        self.client.delete_object(Bucket=self.bucket, Key=PREFIX + key)

    @contextmanager
    def inject(self, *faults: Fault) -> Iterator[None]:
        """Inject faults into every answer."""
        self.proxy.faults = list(faults)
        try:
            yield
        finally:
            self.proxy.faults = []


@contextmanager
def running_s3() -> Iterator[S3]:
    """Run the server, and stop it afterwards."""
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    proxy = type("OurProxy", (Proxy,), {"upstream": moto.get_host_and_port(), "faults": [], "requests": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), proxy)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    yield S3(f"http://127.0.0.1:{server.server_port}", proxy)
    server.shutdown()
    server.server_close()
    moto.stop()
