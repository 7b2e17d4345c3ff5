"""A PostgreSQL that listens on an address, with passwords, as servers in production do.

The embedded server of `demo/` listens on a Unix socket only; this one has the same programs.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sales_assets.demo.erp.postgres_server import find_psql
from sales_assets_tests.support.erp import Erp

PASSWORD = "planted-word"
_POLL_SECONDS = 0.1


@contextmanager
def running_network_postgres(
    folder: Path, address: str, databases: Sequence[str], command: Sequence[str] = ()
) -> Iterator[Erp]:
    """Run the server with the ERP's tables until the end of the block; its port is 5432.

    Args:
        folder: For its data; a user who is not root must be able to reach it.
        address: What it listens on.
        databases: Empty databases to create, for Dagster.
        command: Put before the server's own, such as one that chooses a network.

    Raises:
        RuntimeError: It ended at its start; has its log.
    """
    data, log = folder / "data", folder / "log"
    data.mkdir(parents=True)
    (folder / "password").write_text(PASSWORD)
    options: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        options = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        for path in (folder, data, folder / "password"):
            shutil.chown(path, "nobody", "nogroup")
    programs = find_psql().parent
    secret = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={folder / 'password'}"]
    initialize = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", *secret]
    subprocess.run(initialize, check=True, stdout=subprocess.DEVNULL, cwd="/", **options)
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all samenet scram-sha-256\n")
    serve = ["-D", str(data), "-k", str(folder), "-h", address, "-c", "fsync=off"]
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, str(programs / "postgres"), *serve], cwd="/", stdout=output, stderr=output, **options
        )
    try:
        yield _prepare(folder, server, log, databases)
    finally:
        server.send_signal(signal.SIGINT)  # it does not wait for those who are connected
        server.wait()


def build_url(user: str, address: str, database: str = "postgres") -> str:
    """The URL of a database for a role that has the password."""
    return f"postgresql://{user}:{PASSWORD}@{address}:5432/{database}"


def _prepare(folder: Path, server: "subprocess.Popen[bytes]", log: Path, databases: Sequence[str]) -> Erp:
    while not (folder / ".s.PGSQL.5432").exists():
        if server.poll() is not None:
            raise RuntimeError(log.read_text())
        time.sleep(_POLL_SECONDS)
    while "ready to accept connections" not in log.read_text():
        time.sleep(_POLL_SECONDS)
    erp = Erp(f"postgresql://postgres@/postgres?host={folder}")
    erp.create()
    erp.run(f"alter role sales_reader password '{PASSWORD}'")
    erp.run(*(f"create database {name}" for name in databases))
    return erp
