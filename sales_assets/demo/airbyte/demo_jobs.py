"""The emulator's jobs: one at a time per connection, run in a thread, stored in a file.

The caller supplies the function that syncs; `airbyte_server.py` serves jobs over HTTP.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ACTIVE_STATUSES = ("pending", "running")


@dataclass
class EmulatedJob:
    """A sync job of the emulator; times are in seconds since 1970."""

    id: int
    connection_id: str
    started_at: float
    updated_at: float
    status: str = "pending"
    rows: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    failure: str = ""

    def to_public_json(self) -> dict[str, Any]:
        """The job as the public API returns it."""
        return {
            "jobId": self.id,
            "status": self.status,
            "jobType": "sync",
            "connectionId": self.connection_id,
            "startTime": _format_time(self.started_at),
            "lastUpdatedAt": _format_time(self.updated_at),
            "duration": f"PT{max(0, round(self.updated_at - self.started_at))}S",
            "bytesSynced": self.bytes,
            "rowsSynced": sum(self.rows.values()),
        }

    def to_config_json(self) -> dict[str, Any]:
        """The job as the configuration API returns it, with its only attempt."""
        stats = [
            {"streamName": stream, "stats": {"recordsEmitted": rows, "recordsCommitted": rows}}
            for stream, rows in self.rows.items()
        ]
        failures = [
            {"failureOrigin": "destination", "failureType": "system_error", "externalMessage": self.failure}
        ]
        attempt = {"id": 0, "status": self.status, "bytesSynced": self.bytes, "streamStats": stats}
        if self.failure:
            attempt["failureSummary"] = {"failures": failures, "partialSuccess": False}
        job = {"id": self.id, "configType": "sync", "configId": self.connection_id, "status": self.status}
        return {"job": job, "attempts": [{"attempt": attempt, "logs": {"logLines": []}}]}


class BusyError(Exception):
    """A sync of the connection is already running."""


SyncFunction = Callable[[EmulatedJob], None]
"""Syncs a job's connection, and sets the job's rows and bytes; should stop if the job is cancelled."""


class JobStore:
    """All jobs of an emulator.

    Args:
        file: Stores the jobs across restarts.
        sync: Syncs a job's connection.
    """

    def __init__(self, file: Path, sync: SyncFunction):
        self._file = file
        self._sync = sync
        self._lock = threading.RLock()
        self._jobs = self._load()

    def list_all(self) -> list[EmulatedJob]:
        """List the jobs, the oldest first."""
        with self._lock:
            return list(self._jobs)

    def start(self, connection_id: str) -> EmulatedJob:
        """Start a sync.

        Raises:
            BusyError: A sync of the connection is already running.
        """
        with self._lock:
            if any(
                job.connection_id == connection_id and job.status in ACTIVE_STATUSES for job in self._jobs
            ):
                raise BusyError(connection_id)
            now = datetime.now(UTC).timestamp()
            job = EmulatedJob(1 + max((job.id for job in self._jobs), default=0), connection_id, now, now)
            self._jobs.append(job)
            self._save()
        threading.Thread(target=self._run, args=[job], name=f"job {job.id}", daemon=True).start()
        return job

    def cancel(self, job: EmulatedJob) -> None:
        """Cancel a job unless it has ended."""
        self._set_status(job, "cancelled")

    def _run(self, job: EmulatedJob) -> None:
        self._set_status(job, "running")
        try:
            self._sync(job)
        except Exception as error:
            job.failure = str(error)
            self._set_status(job, "failed")
        else:
            self._set_status(job, "succeeded")

    def _set_status(self, job: EmulatedJob, status: str) -> None:
        with self._lock:
            if job.status in ACTIVE_STATUSES:
                job.status, job.updated_at = status, datetime.now(UTC).timestamp()
                self._save()

    def _load(self) -> list[EmulatedJob]:
        if not self._file.exists():
            return []
        jobs = [EmulatedJob(**fields) for fields in json.loads(self._file.read_text())]
        for job in jobs:
            if job.status in ACTIVE_STATUSES:
                job.status, job.failure = "failed", "The emulator was stopped during the sync."
        return jobs

    def _save(self) -> None:
        scratch = self._file.with_suffix(".new")
        scratch.write_text(json.dumps([asdict(job) for job in self._jobs]))
        scratch.replace(self._file)


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
