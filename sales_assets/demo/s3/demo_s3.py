"""The S3 emulator: a server on 127.0.0.1, started on first use and left running.

Starting, finding and stopping its process belongs here. The server is in `s3_server.py`, its files are built
in `marketplaces.py`.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from sales_assets.demo.background import lock_folder, start_module, stop_process
from sales_assets.demo.packages import require_packages
from sales_assets.demo.s3.kept_objects import BUCKET, STATE_FILE
from sales_assets.demo.s3.marketplaces import PREFIX
from sales_assets.errors import RefusedError
from sales_assets.settings import make_private_folder
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource, build_s3_client


class DemoS3Resource(MarketplaceS3Resource):
    """The S3 emulator; it is started on first use.

    Attributes:
        data_dir: The folder of the demo's data.
        timezone: The time zone of the demo's days.
    """

    bucket: str = BUCKET
    prefix: str = PREFIX
    data_dir: str
    timezone: str

    def get_client(self) -> Any:
        """Start the server, and return its client."""
        url = start_demo_s3(Path(self.data_dir), self.timezone)
        return build_s3_client(
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="demo",
            aws_secret_access_key="demo",  # noqa: S106 - the emulator accepts any
        )


def start_demo_s3(data_dir: Path, timezone: str) -> str:
    """Start the server unless it is running, and return its URL.

    Args:
        data_dir: The folder of the demo's data.
        timezone: The time zone of the demo's days.

    Raises:
        RefusedError: It does not start; names the missing packages or its log.
    """
    folder = data_dir / "s3"
    with lock_folder(folder):
        state = _read_state(folder) or _start(folder, timezone)
    return f"http://127.0.0.1:{state['port']}"


def stop_demo_s3(data_dir: Path) -> None:
    """Stop the server if it is running; the next start has the same objects."""
    folder = data_dir / "s3"
    if not folder.exists():
        return
    with lock_folder(folder):
        if state := _read_state(folder):
            stop_process(state["pid"], lambda: _read_state(folder))


def _read_state(folder: Path) -> dict[str, int] | None:
    """Return the process id and port of the running server; None if it is not running or not ready."""
    path = folder / STATE_FILE
    if not path.exists():
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            state: dict[str, int] | None = json.loads(file.read() or "null")
            return state
    return None


def _start(folder: Path, timezone: str) -> dict[str, int]:
    require_packages("The S3 emulator", ["moto", "flask", "flask_cors"], variable="SALES_S3_BUCKET")
    make_private_folder(folder)
    log = folder / "server.log"
    arguments = [os.fspath(folder), timezone]
    if state := start_module("sales_assets.demo.s3.s3_server", arguments, log, lambda: _read_state(folder)):
        return state
    message = f"The S3 emulator did not start. No stored data was changed. See {log}."
    raise RefusedError(message)
