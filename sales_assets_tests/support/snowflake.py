"""Snowflake's protocol on loopback, for the real connector: a stand-in's server, and one that lets nobody in.

What the stand-in cannot do is told, and worked around, where it is used.
"""

import json
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

REFUSED = "Incorrect username or password was specified."


@contextmanager
def speaking_to(port: int) -> Iterator[list[dict[str, Any]]]:
    """Have every connection, ours and dbt's, go to a port of loopback; gives what each was opened with."""
    connect = snowflake.connector.connect
    opened: list[dict[str, Any]] = []

    def redirected(**arguments: Any) -> Any:
        opened.append(deepcopy(arguments))  # the connector writes into its parameters
        there = {"host": "127.0.0.1", "port": port, "protocol": "http", "network_timeout": 10}
        return connect(**arguments | there)

    with patch.object(snowflake.connector, "connect", redirected):
        yield opened


@contextmanager
def stand_in(folder: Path) -> Iterator[int]:
    """The stand-in in a process of its own, with nothing in it; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening, (folder / "snowflake.log").open("w") as log:
        command = [sys.executable, "-W", "ignore", "-m", "uvicorn", "fakesnow.server:app"]
        server = subprocess.Popen(
            [*command, "--fd", str(listening.fileno())],
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            yield listening.getsockname()[1]
        finally:
            server.kill()
            server.wait()


def _inserted(connection: Any, rows: pd.DataFrame, table: str, schema: str, **_: Any) -> None:
    """Store rows by a statement; the stand-in's server also binds no decimal."""
    marks = ", ".join("?" for _ in rows)
    values = [[None if pd.isna(it) else str(it) for it in row] for row in rows.itertuples(index=False)]
    with connection.cursor() as cursor:
        cursor.executemany(f"insert into {schema}.{table} ({', '.join(rows)}) values ({marks})", values)


@contextmanager
def without_what_it_lacks() -> Iterator[list[str]]:
    """Insert rows where it takes no file, make transient tables where it has no temporary ones in a schema.

    Gives every statement that is sent.
    """
    execute = SnowflakeCursor.execute
    statements: list[str] = []

    def executing(cursor: Any, command: str, *arguments: Any, **options: Any) -> Any:
        command = command.replace("create or replace temporary table", "create or replace transient table")
        statements.append(command)
        return execute(cursor, command, *arguments, **options)

    with (
        patch.object(SnowflakeCursor, "execute", executing),
        patch.object(pandas_tools, "write_pandas", _inserted),
    ):
        yield statements


class _Refusing(BaseHTTPRequestHandler):
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
        """Say nothing."""


@contextmanager
def refusing() -> Iterator[int]:
    """A server that knows no password; gives its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
