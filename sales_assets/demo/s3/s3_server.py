"""The process of the S3 emulator: moto's server, with the marketplaces' files of the last week.

`python -m sales_assets.demo.s3.s3_server FOLDER TIMEZONE`, started by `demo_s3.py`. moto has its objects in
memory only, so they are kept in a folder too, within a second of each change and when the process is stopped.
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
from moto.s3.models import s3_backends

from sales_assets.demo.s3.kept_objects import (
    BUCKET,
    STATE_FILE,
    KeptObject,
    keep_objects,
    read_kept_objects,
)
from sales_assets.demo.s3.marketplaces import build_files
from sales_assets.demo.seeded_days import find_yesterday, iterate_days

DAYS_WITH_FILES = 7
"""How many days back from yesterday there are files."""

_POLL_SECONDS = 1


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
        files = _Files(folder / "objects", timezone)
        json.dump({"pid": os.getpid(), "port": server.get_host_and_port()[1]}, state)
        state.flush()
        try:
            while True:
                time.sleep(_POLL_SECONDS)
                files.update()
        finally:
            files.update()


class _Files:
    """The bucket's objects: those of the last week, and what a person puts or deletes."""

    def __init__(self, folder: Path, timezone: str):
        self._folder = folder
        self._timezone = timezone
        self._backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        self._backend.create_bucket(BUCKET, "us-east-1")
        kept, self._last_day = read_kept_objects(folder) or ([], date.min)
        for each in kept:
            self._put(each)
        self._kept = self._list_versions()
        self.update()

    def update(self) -> None:
        """Add the files of the days that passed, and keep the objects if they changed."""
        self._add_files()
        if (versions := self._list_versions()) != self._kept:
            keys = [self._backend.get_object(BUCKET, key) for key in versions]
            objects = [KeptObject(key.name, key.last_modified, key.value) for key in keys if key]
            keep_objects(self._folder, objects, self._last_day)
            self._kept = versions

    def _add_files(self) -> None:
        """Add the files of the days that passed, modified at the midnight after each day."""
        yesterday = find_yesterday(self._timezone)
        last_day = max(self._last_day, yesterday - timedelta(days=DAYS_WITH_FILES))
        for day in iterate_days(last_day + timedelta(days=1), yesterday):
            midnight = datetime.combine(day + timedelta(days=1), clock.min, ZoneInfo(self._timezone))
            modified = midnight.astimezone(UTC).replace(tzinfo=None)
            for key, content in build_files(day, self._timezone).items():
                self._put(KeptObject(key, modified, content))
        self._last_day = yesterday

    def _put(self, each: KeptObject) -> None:
        self._backend.put_object(BUCKET, each.key, each.content).last_modified = each.modified

    def _list_versions(self) -> dict[str, tuple[str, datetime]]:
        keys = list(self._backend.get_bucket(BUCKET).keys.items())
        return {name: (key.etag, key.last_modified) for name, key in keys}


def _end(*_: object) -> None:
    sys.exit()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)  # its starter may ignore it, as under nohup
    serve(Path(sys.argv[1]), sys.argv[2])
