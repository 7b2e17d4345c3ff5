"""Sync jobs as Airbyte's API returns them, parsed leniently: a missing field is unknown, not an error.

Requests for jobs are in `api.py`; `sync.py` starts jobs and waits for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SUCCEEDED = "succeeded"
CANCELLED = "cancelled"
_FINAL_STATUSES = (SUCCEEDED, CANCELLED, "failed", "error")
_MAX_REASON_LENGTH = 500


@dataclass(frozen=True)
class Job:
    """One sync of a connection.

    Attributes:
        id: Airbyte's number of the job; a later job has a higher one.
        status: In Airbyte's words.
        type: `sync`, or another kind of Airbyte job such as `reset`.
        connection_id: Airbyte's id of the connection.
        started_at: When the job started, UTC.
        updated_at: When the job last changed, UTC.
        rows: Number of rows moved, over all streams.
        bytes: Number of bytes moved.
    """

    id: int
    status: str
    type: str
    connection_id: str
    started_at: datetime | None
    updated_at: datetime | None
    rows: int | None
    bytes: int | None

    @property
    def has_ended(self) -> bool:
        """Whether the job is over.

        `pending`, `queued` and `running` are not; nor is `incomplete`, after which Airbyte makes another
        attempt, nor a status that a later version of Airbyte may introduce.
        """
        return self.status in _FINAL_STATUSES

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> "Job":
        """Parse a job of the public API.

        Raises:
            KeyError, TypeError, ValueError: It has no id or status.
        """
        started_at = parse_timestamp(payload.get("startTime"))
        return cls(
            id=int(payload["jobId"]),
            status=str(payload["status"]).lower(),
            type=str(payload.get("jobType") or "sync"),
            connection_id=str(payload.get("connectionId") or ""),
            started_at=started_at,
            updated_at=parse_timestamp(payload.get("lastUpdatedAt")) or started_at,
            rows=_parse_int(payload.get("rowsSynced")),
            bytes=_parse_int(payload.get("bytesSynced", payload.get("bytesScanned"))),
        )


@dataclass(frozen=True)
class Attempts:
    """Facts about a job that only its attempts contain; each of them may be unknown.

    Attributes:
        count: Number of attempts.
        rows: Rows moved by each stream in the last attempt.
        reason: Why the last attempt failed, in Airbyte's words.
        is_configuration: Whether the connection's settings must be changed before a sync can succeed.
    """

    count: int | None = None
    rows: Mapping[str, int] | None = None
    reason: str | None = None
    is_configuration: bool = False

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> "Attempts":
        """Parse a job of the configuration API, or any object with `attempts` or a `failureSummary`."""
        entries = [_as_mapping(entry) for entry in _as_sequence(payload.get("attempts"))]
        attempts = [_as_mapping(entry.get("attempt")) or entry for entry in entries]
        last = attempts[-1] if attempts else payload
        summary = _as_mapping(last.get("failureSummary"))
        failures = [_as_mapping(failure) for failure in _as_sequence(summary.get("failures"))]
        return cls(
            count=len(attempts) or None,
            rows=_parse_stream_rows(last),
            reason="; ".join(filter(None, map(_parse_reason, failures))) or None,
            is_configuration=any(failure.get("failureType") == "config_error" for failure in failures),
        )


def parse_timestamp(value: object) -> datetime | None:
    """Parse a time as Airbyte writes it, ISO 8601 or seconds since 1970; None if it is neither."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        timestamp = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None
    return timestamp.replace(tzinfo=UTC) if timestamp.tzinfo is None else timestamp.astimezone(UTC)


def _parse_reason(failure: Mapping[str, Any]) -> str:
    """The first line of the message for users, or of the internal one if there is none for users."""
    message = str(failure.get("externalMessage") or failure.get("internalMessage") or "").strip()
    first_line = message.splitlines()[0] if message else ""
    origin = failure.get("failureOrigin")
    return f"{first_line[:_MAX_REASON_LENGTH]} (in the {origin})" if origin and first_line else first_line


def _parse_stream_rows(attempt: Mapping[str, Any]) -> dict[str, int]:
    entries = [_as_mapping(entry) for entry in _as_sequence(attempt.get("streamStats"))]
    stats = {str(entry.get("streamName")): _as_mapping(entry.get("stats")) for entry in entries}
    rows = {
        stream: _parse_int(counts.get("recordsCommitted", counts.get("recordsEmitted")))
        for stream, counts in stats.items()
    }
    return {stream: count for stream, count in rows.items() if count is not None}


def _parse_int(value: object) -> int | None:
    try:
        return None if value is None else int(str(value))
    except ValueError:
        return None


def _as_mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _as_sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
