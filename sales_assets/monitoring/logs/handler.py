"""The log handler that `dagster.yaml` names: writes the lines to standard output, if settings want JSON."""

import json
import logging
import sys
from typing import TextIO

from sales_assets.monitoring.logs.lines import Lines
from sales_assets.private_apis.log_records import read_event
from sales_assets.settings import LogFormat, settings


class JsonLinesHandler(logging.StreamHandler[TextIO]):
    """Writes one line of JSON for each event and message of a run."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self._lines = Lines()

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave out everything if the settings want text, and the noise otherwise."""
        if settings().log_format is not LogFormat.JSON or not super().filter(record):
            return False
        return self._lines.is_told(read_event(record))

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record; ASCII only, so that no encoding can break it."""
        return json.dumps(self._lines.build(record), default=str)
