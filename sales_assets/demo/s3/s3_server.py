"""The process of the S3 emulator: moto's server, with the marketplaces' files of the last week.

`python -m sales_assets.demo.s3.s3_server FOLDER TIMEZONE`, started by `demo_s3.py`. It keeps its objects in
memory only. A file, its modification time included, depends only on its day, so the next process serves the
same versions.
"""

import fcntl
import json
import logging
import os
import signal
import sys
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from zoneinfo import ZoneInfo

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import S3Backend, s3_backends

from sales_assets.demo.s3.demo_s3 import BUCKET, STATE_FILE
from sales_assets.demo.s3.marketplaces import build_files
from sales_assets.demo.seeded_days import find_yesterday, iterate_days

DAYS_WITH_FILES = 7
"""How many days back from yesterday there are files."""

_POLL_SECONDS = 60


def serve(folder: Path, timezone: str) -> None:
    """Serve until the process is stopped, and add the files of each day that passes.

    Args:
        folder: The folder of the state file.
        timezone: The time zone of days.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (folder / STATE_FILE).open("a") as state:
        try:
            fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another server is running
        state.truncate(0)
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        backend.create_bucket(BUCKET, "us-east-1")
        last_day = _add_files(backend, find_yesterday(timezone) - timedelta(days=DAYS_WITH_FILES), timezone)
        json.dump({"pid": os.getpid(), "port": server.get_host_and_port()[1]}, state)
        state.flush()
        while True:
            time.sleep(_POLL_SECONDS)
            last_day = _add_files(backend, last_day, timezone)


def _add_files(backend: S3Backend, last_day: date, timezone: str) -> date:
    """Add the files of the days after `last_day` until yesterday, modified at the midnight after each day."""
    yesterday = find_yesterday(timezone)
    for day in iterate_days(last_day + timedelta(days=1), yesterday):
        midnight = datetime.combine(day + timedelta(days=1), clock.min, ZoneInfo(timezone))
        for key, content in build_files(day, timezone).items():
            put = backend.put_object(BUCKET, key, content)
            put.last_modified = midnight.astimezone(UTC).replace(tzinfo=None)
    return yesterday


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # its starter may ignore it, as under nohup
    serve(Path(sys.argv[1]), sys.argv[2])
