"""The process that is the demo's S3: moto's server, with the marketplaces' files of the last days.

`python -m sales_assets.demo.s3.s3_server FOLDER TIMEZONE`, started by `s3.py`. It forgets everything when it
ends; a file is a function of its day, its date included, so the next one has the same versions.
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

from sales_assets.demo.s3.demo_s3 import BUCKET, STATE
from sales_assets.demo.s3.marketplaces import files_of
from sales_assets.demo.seeded_days import days_between

DAYS = 7
"""So many days back there are files."""

_LOOK_SECONDS = 60


def serve(folder: Path, timezone: str) -> None:
    """Serve until the process is ended, with the files of each day that passes.

    Args:
        folder: Where to say that, and where, the server runs.
        timezone: The zone in which days begin.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (folder / STATE).open("a") as state:
        try:
            fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another one runs already
        state.truncate(0)
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        backend.create_bucket(BUCKET, "us-east-1")
        filled = _fill(backend, _yesterday(timezone) - timedelta(days=DAYS), timezone)
        json.dump({"pid": os.getpid(), "port": server.get_host_and_port()[1]}, state)
        state.flush()
        while True:
            time.sleep(_LOOK_SECONDS)
            filled = _fill(backend, filled, timezone)


def _yesterday(timezone: str) -> date:
    return datetime.now(ZoneInfo(timezone)).date() - timedelta(days=1)


def _fill(backend: S3Backend, filled: date, timezone: str) -> date:
    """Put the files of the full days that passed, dated by the midnight after them."""
    yesterday = _yesterday(timezone)
    for day in days_between(filled + timedelta(days=1), yesterday):
        arrived = datetime.combine(day + timedelta(days=1), clock.min, ZoneInfo(timezone))
        for key, content in files_of(day, timezone).items():
            put = backend.put_object(BUCKET, key, content)
            put.last_modified = arrived.astimezone(UTC).replace(tzinfo=None)
    return yesterday


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whoever started it may ignore that, as under nohup
    serve(Path(sys.argv[1]), sys.argv[2])
