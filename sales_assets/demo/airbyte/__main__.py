"""The emulator's process: serves until it is stopped. `process.py` starts it; users never do."""

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sales_assets.demo.airbyte.airbyte_server import AirbyteEmulator, EmulatorServer
from sales_assets.demo.airbyte.connections import CONNECTIONS, EmulatedConnection
from sales_assets.demo.airbyte.demo_jobs import ACTIVE_STATUSES, EmulatedJob, JobStore
from sales_assets.demo.airbyte.landing import land_tables
from sales_assets.demo.airbyte.rows import SOURCES


def build_emulator(folder: Path, database: Path, timezone: str) -> AirbyteEmulator:
    """Build an emulator that lands the demo's rows.

    Args:
        folder: Where its jobs are stored.
        database: The warehouse's file.
        timezone: The zone in which the demo's days begin.
    """
    by_id = {connection.id: connection for connection in CONNECTIONS}

    def sync(job: EmulatedJob) -> None:
        sync_connection(job, by_id[job.connection_id], database, timezone)

    jobs = JobStore(folder / "jobs.json", sync)
    return AirbyteEmulator(CONNECTIONS, jobs, str(database), {"pid": os.getpid()})


def sync_connection(job: EmulatedJob, connection: EmulatedConnection, database: Path, timezone: str) -> None:
    """Land the streams of a connection, with all rows up to yesterday.

    Args:
        job: The job, which gets the numbers of rows and bytes.
        connection: The connection.
        database: The warehouse's file.
        timezone: The zone in which the demo's days begin.
    """
    now = datetime.now(UTC)
    yesterday = now.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)
    sources = SOURCES[connection.schema.removesuffix("_staging")]
    tables = {stream: sources[stream](yesterday, timezone) for stream in connection.selected}
    prefixed = {connection.prefix + stream: rows for stream, rows in tables.items()}
    job.bytes = land_tables(
        database, connection.schema, prefixed, now, is_wanted=lambda: job.status in ACTIVE_STATUSES
    )
    job.rows = {stream: len(rows) for stream, rows in tables.items()}


def serve_emulator(folder: Path, database: Path, timezone: str, port: int) -> None:
    """Serve on the port, or on a free one if it is taken; the file `server.json` contains the address."""
    emulator = build_emulator(folder, database, timezone)
    try:
        server = EmulatorServer(emulator, port)
    except OSError:
        server = EmulatorServer(emulator)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    scratch = folder / "server.new"
    scratch.write_text(json.dumps({"url": server.url, "pid": os.getpid()}))
    scratch.replace(folder / "server.json")
    server.serve_forever()


if __name__ == "__main__":
    serve_emulator(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
