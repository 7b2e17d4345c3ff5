"""Snowflake's protocol on loopback, for the real connector: an emulator, and a server that rejects logins.

What the emulator does not support is documented, and worked around, where it is used.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import pandas as pd
import snowflake.connector
from snowflake.connector import pandas_tools
from snowflake.connector.cursor import SnowflakeCursor

_ONLY_COMMENTS = re.compile(r"^\s*(comment\s+on|alter\s+(table|view)\s+\S+\s+alter)\s", re.I | re.M)

REFUSED = "Incorrect username or password was specified."


@contextmanager
def redirect_connections(port: int, address: str = "127.0.0.1") -> Iterator[list[dict[str, Any]]]:
    """Send every connection, ours and dbt's, to a port of this machine; yields the arguments of each."""
    connect = snowflake.connector.connect
    connections: list[dict[str, Any]] = []

    def redirected(**arguments: Any) -> Any:
        connections.append(deepcopy(arguments))  # the connector writes into its parameters
        local = {"host": address, "port": port, "protocol": "http", "network_timeout": 10}
        return connect(**arguments | local)

    with patch.object(snowflake.connector, "connect", redirected):
        yield connections


@contextmanager
def run_emulator(folder: Path, address: str = "127.0.0.1") -> Iterator[int]:
    """Run an empty emulator in a process of its own; yields its port."""
    with socket.create_server((address, 0)) as listening, (folder / "snowflake.log").open("w") as log:
        command = [sys.executable, "-W", "ignore", "-m", "uvicorn", "fakesnow.server:app"]
        server = subprocess.Popen(
            [*command, "--fd", str(listening.fileno())],
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
            env=os.environ | {"TMPDIR": str(folder)},  # it is killed, and leaves temporary folders
        )
        try:
            yield listening.getsockname()[1]
        finally:
            server.kill()
            server.wait()


@contextmanager
def work_around_emulator_gaps() -> Iterator[list[str]]:
    """Work around what the emulator does not support; yields every statement that is sent.

    Rows are inserted, because it takes no files. Temporary tables in a schema become transient ones.
    Statements that only store comments are noted and not sent: the server fails after them.
    """
    execute = SnowflakeCursor.execute
    statements: list[str] = []

    def executing(cursor: Any, command: str, *arguments: Any, **options: Any) -> Any:
        command = command.replace("create or replace temporary table", "create or replace transient table")
        statements.append(command)
        sent = "select 1" if _ONLY_COMMENTS.search(command) else command
        return execute(cursor, sent, *arguments, **options)

    with (
        patch.object(SnowflakeCursor, "execute", executing),
        patch.object(pandas_tools, "write_pandas", _insert_rows),
    ):
        yield statements


def _insert_rows(connection: Any, rows: pd.DataFrame, table: str, schema: str, **_: Any) -> None:
    """Store rows by a statement, as text: the emulator's server binds no decimals."""
    names, marks = ", ".join(map(str, rows.columns)), ", ".join("?" for _ in rows)
    values = [[None if pd.isna(it) else str(it) for it in row] for row in rows.itertuples(index=False)]
    with connection.cursor() as cursor:
        cursor.executemany(f"insert into {schema}.{table} ({names}) values ({marks})", values)


class _RefusingHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer a login as Snowflake does if the password is wrong."""
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = {"data": {}, "code": "390100", "message": REFUSED, "success": False}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@contextmanager
def run_refusing_server() -> Iterator[int]:
    """Run a server that rejects every login; yields its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _RefusingHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
