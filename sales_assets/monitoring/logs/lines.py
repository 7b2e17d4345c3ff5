"""What is in a line: run, job, asset, step, partitions, attempt, duration, error; tracebacks redacted too."""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from sales_assets.catalog.names import PARTITION_TAG
from sales_assets.monitoring.alerts.alert import redact_text
from sales_assets.monitoring.alerts.root_cause import find_root, find_sentence
from sales_assets.operations.repair.gaps import RANGE_END, RANGE_START
from sales_assets.private_apis.log_records import read_event, read_metadata
from sales_assets.redaction import LONGEST_ERROR, cut_text, redact_error

_T = dg.DagsterEventType
_STARTS = {_T.RUN_START, _T.STEP_START, _T.STEP_RESTARTED}
_ENDS = {
    _T.RUN_SUCCESS,
    _T.RUN_FAILURE,
    _T.RUN_CANCELED,
    _T.STEP_SUCCESS,
    _T.STEP_FAILURE,
    _T.STEP_UP_FOR_RETRY,
}
_RESULTS = {_T.ASSET_MATERIALIZATION, _T.ASSET_OBSERVATION, _T.ASSET_CHECK_EVALUATION, _T.STEP_SKIPPED}
_TOLD = _STARTS | _ENDS | _RESULTS
"""The other events say how Dagster works inside: inputs, outputs, plans, captured output."""

_RETRY_NUMBER = "dagster/retry_number"
_ATTEMPT = re.compile(r"\(attempt # (\d+)\)")

Place = tuple[str | None, str | None]
"""A run and one of its steps; without a step, the run itself."""


class Lines:
    """Makes lines, and remembers when runs and steps began, and their attempts."""

    def __init__(self) -> None:
        self._began: dict[Place, float] = {}
        self._attempts: dict[Place, int] = {}

    def is_told(self, event: dg.DagsterEvent | None) -> bool:
        """Whether there is a line: for every message and failure, and for events that are no noise."""
        return event is None or event.event_type in _TOLD or _read_error(event) is not None

    def build(self, record: logging.LogRecord) -> dict[str, Any]:
        """Build the line of a record; what is not known of it is left out."""
        metadata, event = read_metadata(record), read_event(record)
        place = metadata.get("run_id"), metadata.get("step_key")
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": _find_level(event, record),
            "event": event.event_type.value.replace("PIPELINE", "RUN") if event else "LOG",
            "run_id": place[0],
            "job": metadata.get("job_name"),
            "step": place[1],
            "asset": _find_asset(event),
            "partitions": _find_partitions(event, metadata.get("job_tags", {})),
            "attempt": self._count_attempt(place, event, metadata.get("job_tags", {})),
            "duration_seconds": self._measure(place, event, record.created),
            **_describe_check(event),
            **_describe_error(event, record),
        }
        line.setdefault("message", metadata.get("orig_message") or record.getMessage())
        line["message"] = redact_text(cut_text(str(line["message"]), LONGEST_ERROR))
        return {key: value for key, value in line.items() if value is not None}

    def _count_attempt(
        self, place: Place, event: dg.DagsterEvent | None, tags: Mapping[str, str]
    ) -> int | None:
        """Which attempt of the step it is, and of the run outside of steps."""
        if place[1] is None:
            return int(tags.get(_RETRY_NUMBER, 0)) + 1
        if (
            event
            and event.event_type is _T.STEP_RESTARTED
            and (found := _ATTEMPT.search(event.message or ""))
        ):
            self._attempts[place] = int(found[1])
        return self._attempts.get(place, 1)

    def _measure(self, place: Place, event: dg.DagsterEvent | None, now: float) -> float | None:
        """How long the run, or the attempt of the step, took; None as long as it has not ended."""
        if event and event.event_type in _STARTS:
            self._began[place] = now
        if not event or event.event_type not in _ENDS or place not in self._began:
            return None
        return round(now - self._began.pop(place), 3)


def _find_level(event: dg.DagsterEvent | None, record: logging.LogRecord) -> str:
    """The level; Dagster calls every event that is no failure DEBUG, also that a day was stored."""
    return "INFO" if event and record.levelno == logging.DEBUG else record.levelname


def _find_asset(event: dg.DagsterEvent | None) -> str | None:
    key = event.asset_key if event else None
    if event and event.event_type is _T.ASSET_CHECK_EVALUATION:
        key = event.asset_check_evaluation_data.asset_key
    return key.to_user_string() if key else None


def _find_partitions(event: dg.DagsterEvent | None, tags: Mapping[str, str]) -> str | None:
    """The partition of the event, else those of the run: one, or first and last."""
    if event and event.partition:
        return event.partition
    if RANGE_START in tags:
        return f"{tags[RANGE_START]}...{tags[RANGE_END]}"
    return tags.get(PARTITION_TAG)


def _describe_check(event: dg.DagsterEvent | None) -> dict[str, Any]:
    if event is None or event.event_type is not _T.ASSET_CHECK_EVALUATION:
        return {}
    data = event.asset_check_evaluation_data
    verdict = "passed" if data.passed else f"failed ({data.severity.value.lower()})"
    return {"check": data.check_name, "passed": data.passed, "message": f"{data.check_name} {verdict}."}


def _describe_error(event: dg.DagsterEvent | None, record: logging.LogRecord) -> dict[str, Any]:
    """Class, sentence and traceback of an error, of an event as of a message that was logged with one."""
    if event and (error := _read_error(event)):
        root, failure = find_root(error), getattr(event.event_specific_data, "user_failure_data", None)
        sentence = (failure and failure.description) or find_sentence(error)
        text = error.to_string()
    elif record.exc_info and record.exc_info[1]:
        root, sentence = record.exc_info[1], None
        text = logging.Formatter().formatException(record.exc_info)
    else:
        return {}
    found = {
        "error_class": getattr(root, "cls_name", None) or type(root).__name__,
        "traceback": redact_text(redact_error(text)),
    }
    return found | ({"message": sentence} if sentence else {})


def _read_error(event: dg.DagsterEvent | None) -> Any:
    return getattr(event.event_specific_data, "error", None) if event else None
