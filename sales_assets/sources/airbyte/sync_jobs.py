"""A sync job as Airbyte's API tells of it, read with tolerance: a field that is missing is unknown.

How a job is asked for belongs to `api.py`, how it is started and followed to `syncing.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SUCCEEDED = "succeeded"
CANCELLED = "cancelled"
_ENDED = (SUCCEEDED, CANCELLED, "failed", "error")
_LONGEST_REASON = 500


@dataclass(frozen=True)
class Job:
    """One sync of a connection.

    Attributes:
        id: Airbyte's number of it; a later job has a higher one.
        status: In Airbyte's words.
        type: `sync`, or what else Airbyte does to a connection.
        connection_id: Of its connection.
        started_at: When it began, UTC.
        updated_at: When it last changed, UTC.
        rows: How many rows all its streams moved.
        bytes: How many bytes.
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
        """Whether nothing more will come of it.

        `pending`, `queued` and `running` are waiting; so is `incomplete`, after which Airbyte makes another
        attempt, and so is a word that a later version of Airbyte may bring.
        """
        return self.status in _ENDED

    @classmethod
    def parse(cls, told: Mapping[str, Any]) -> "Job":
        """Read the public API's job.

        Raises:
            KeyError, TypeError, ValueError: It has no id or status.
        """
        return cls(
            id=int(told["jobId"]),
            status=str(told["status"]).lower(),
            type=str(told.get("jobType") or "sync"),
            connection_id=str(told.get("connectionId") or ""),
            started_at=instant(told.get("startTime")),
            updated_at=instant(told.get("lastUpdatedAt")) or instant(told.get("startTime")),
            rows=_number(told.get("rowsSynced")),
            bytes=_number(told.get("bytesSynced", told.get("bytesScanned"))),
        )


@dataclass(frozen=True)
class Attempts:
    """What Airbyte's attempts at a job tell beyond the job itself; all of it may be unknown.

    Attributes:
        count: How many there were.
        rows: The rows that each stream moved, in the last attempt.
        reason: Why the last one failed, in Airbyte's words.
        is_configuration: Whether somebody has to change something before it can succeed.
    """

    count: int | None = None
    rows: Mapping[str, int] | None = None
    reason: str | None = None
    is_configuration: bool = False

    @classmethod
    def parse(cls, told: Mapping[str, Any]) -> "Attempts":
        """Read the configuration API's job, or whatever holds `attempts` or a `failureSummary`."""
        listed = [_mapping(each) for each in _sequence(told.get("attempts"))]
        attempts = [_mapping(each.get("attempt")) or each for each in listed]
        last = attempts[-1] if attempts else told
        failures = [
            _mapping(each) for each in _sequence(_mapping(last.get("failureSummary")).get("failures"))
        ]
        return cls(
            count=len(attempts) or None,
            rows=_stream_rows(last),
            reason="; ".join(filter(None, map(_reason, failures))) or None,
            is_configuration=any(each.get("failureType") == "config_error" for each in failures),
        )


def instant(told: object) -> datetime | None:
    """A point in time as Airbyte writes it, ISO 8601 or seconds since 1970; None if it is neither."""
    try:
        if isinstance(told, int | float):
            return datetime.fromtimestamp(told, UTC)
        moment = datetime.fromisoformat(str(told))
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _reason(failure: Mapping[str, Any]) -> str:
    """What Airbyte says to people, else the first line of what it says to itself."""
    said = str(failure.get("externalMessage") or failure.get("internalMessage") or "").strip()
    first_line = said.splitlines()[0] if said else ""
    origin = failure.get("failureOrigin")
    return f"{first_line[:_LONGEST_REASON]} (in the {origin})" if origin and first_line else first_line


def _stream_rows(attempt: Mapping[str, Any]) -> dict[str, int]:
    stats = [_mapping(each) for each in _sequence(attempt.get("streamStats"))]
    counts = {str(each.get("streamName")): _mapping(each.get("stats")) for each in stats}
    rows = {
        stream: _number(count.get("recordsCommitted", count.get("recordsEmitted")))
        for stream, count in counts.items()
    }
    return {stream: count for stream, count in rows.items() if count is not None}


def _number(told: object) -> int | None:
    try:
        return None if told is None else int(str(told))
    except ValueError:
        return None


def _mapping(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, Mapping) else {}


def _sequence(told: object) -> Sequence[Any]:
    return told if isinstance(told, list) else []
