"""The stand-in's process: serves until it is stopped. `process.py` starts it; nobody types this."""

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sales_assets.demo.airbyte.airbyte_server import StandIn, StandInServer
from sales_assets.demo.airbyte.connections import CONNECTIONS, StandInConnection
from sales_assets.demo.airbyte.demo_jobs import ACTIVE, Jobs, StandInJob
from sales_assets.demo.airbyte.landing import land
from sales_assets.demo.airbyte.rows import SOURCES


def stand_in(folder: Path, database: Path, timezone: str) -> StandIn:
    """A stand-in that lands the demo's rows.

    Args:
        folder: Where its jobs are kept.
        database: The warehouse's file.
        timezone: The zone in which the demo's days begin.
    """
    by_id = {connection.id: connection for connection in CONNECTIONS}
    jobs = Jobs(folder / "jobs.json", lambda job: sync(job, by_id[job.connection_id], database, timezone))
    return StandIn(CONNECTIONS, jobs, str(database), {"pid": os.getpid()})


def sync(job: StandInJob, connection: StandInConnection, database: Path, timezone: str) -> None:
    """Land a connection's streams with everything up to yesterday."""
    now = datetime.now(UTC)
    yesterday = now.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)
    sources = SOURCES[connection.schema.removesuffix("_staging")]
    tables = {stream: sources[stream](yesterday, timezone) for stream in connection.selected}
    prefixed = {connection.prefix + stream: rows for stream, rows in tables.items()}
    job.bytes = land(database, connection.schema, prefixed, now, is_wanted=lambda: job.status in ACTIVE)
    job.rows = {stream: len(rows) for stream, rows in tables.items()}


def main(folder: Path, database: Path, timezone: str, port: int) -> None:
    """Serve on the port, or on another if it is taken; the file `server.json` tells where."""
    serving = stand_in(folder, database, timezone)
    try:
        server = StandInServer(serving, port)
    except OSError:
        server = StandInServer(serving)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    scratch = folder / "server.new"
    scratch.write_text(json.dumps({"url": server.url, "pid": os.getpid()}))
    scratch.replace(folder / "server.json")
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
