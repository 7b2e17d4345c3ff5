"""The demo's S3: a server of its own on 127.0.0.1, started on first use and left running.

Which process it is and when it is started belongs here; what it does is in `s3_server.py`, and which files it
has in `marketplaces.py`.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from dagster_aws.s3 import S3Resource

from sales_assets.demo.background import exclusively, started, stop
from sales_assets.demo.packages import require
from sales_assets.demo.s3.marketplaces import PREFIX
from sales_assets.errors import RefusedError
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource

BUCKET = "sales-demo"
STATE = "server.json"
"""The server keeps this file locked for as long as it lives, and says in it where it listens."""


class DemoS3Resource(MarketplaceS3Resource):
    """The demo's S3; starts it when it is first asked.

    Attributes:
        data_dir: Where it says how to find it.
        timezone: The zone in which the demo's days begin.
    """

    bucket: str = BUCKET
    prefix: str = PREFIX
    data_dir: str
    timezone: str

    def get_client(self) -> Any:
        """A client of the running server; see dagster-aws's `S3Resource.get_client`."""
        url = demo_s3(Path(self.data_dir), self.timezone)
        return S3Resource(
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="demo",
            aws_secret_access_key="demo",  # noqa: S106 - it takes any
        ).get_client()


def demo_s3(data_dir: Path, timezone: str) -> str:
    """Start the server unless it runs, and return its URL.

    Args:
        data_dir: Where the demo keeps its data.
        timezone: The zone in which the demo's days begin.

    Raises:
        RefusedError: It cannot be started; says why.
    """
    folder = data_dir / "s3"
    with exclusively(folder):
        state = _running(folder) or _started(folder, timezone)
    return f"http://127.0.0.1:{state['port']}"


def stop_demo_s3(data_dir: Path) -> None:
    """Stop the server if it runs; it makes the same files again when it is started."""
    folder = data_dir / "s3"
    if not folder.exists():
        return
    with exclusively(folder):
        if state := _running(folder):
            stop(state["pid"], lambda: _running(folder))


def _running(folder: Path) -> dict[str, int] | None:
    """Where the server is, if there is one and it is ready."""
    path = folder / STATE
    if not path.exists():
        return None
    with path.open() as state:
        try:
            fcntl.flock(state, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found: dict[str, int] | None = json.loads(state.read() or "null")
            return found
    return None


def _started(folder: Path, timezone: str) -> dict[str, int]:
    require("The local stand-in for S3", ["moto", "flask", "flask_cors"], instead="SALES_S3_BUCKET")
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    arguments = [os.fspath(folder), timezone]
    if state := started("sales_assets.demo.s3.s3_server", arguments, log, lambda: _running(folder)):
        return state
    message = f"The local stand-in for S3 did not start; {log} says why. Nothing was stored."
    raise RefusedError(message)
