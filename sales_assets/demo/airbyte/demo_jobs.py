"""The stand-in's jobs: started one at a time for each connection, run in a thread, kept in a file.

What a sync does is given from outside; how jobs are asked for over HTTP belongs to `server.py`.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ACTIVE = ("pending", "running")


@dataclass
class StandInJob:
    """A sync as the stand-in knows it; instants in seconds since 1970."""

    id: int
    connection_id: str
    started_at: float
    updated_at: float
    status: str = "pending"
    rows: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    failure: str = ""

    def public(self) -> dict[str, Any]:
        """As the public API tells it."""
        return {
            "jobId": self.id,
            "status": self.status,
            "jobType": "sync",
            "connectionId": self.connection_id,
            "startTime": _text(self.started_at),
            "lastUpdatedAt": _text(self.updated_at),
            "duration": f"PT{max(0, round(self.updated_at - self.started_at))}S",
            "bytesSynced": self.bytes,
            "rowsSynced": sum(self.rows.values()),
        }

    def detailed(self) -> dict[str, Any]:
        """As the configuration API tells it, with its only attempt."""
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
    """A connection is synced already."""


Work = Callable[[StandInJob], None]
"""What a sync does: fills in rows and bytes; not finished if the job was cancelled meanwhile."""


class Jobs:
    """All jobs of a stand-in.

    Args:
        file: Where they outlive the process.
        work: What a sync does.
    """

    def __init__(self, file: Path, work: Work):
        self._file = file
        self._work = work
        self._lock = threading.RLock()
        self._jobs = self._stored()

    def all(self) -> list[StandInJob]:
        """The jobs, the oldest first."""
        with self._lock:
            return list(self._jobs)

    def start(self, connection_id: str) -> StandInJob:
        """Start a sync.

        Raises:
            BusyError: The connection is synced already.
        """
        with self._lock:
            if any(job.connection_id == connection_id and job.status in ACTIVE for job in self._jobs):
                raise BusyError(connection_id)
            now = datetime.now(UTC).timestamp()
            job = StandInJob(1 + max((job.id for job in self._jobs), default=0), connection_id, now, now)
            self._jobs.append(job)
            self._store()
        threading.Thread(target=self._run, args=[job], name=f"job {job.id}", daemon=True).start()
        return job

    def cancel(self, job: StandInJob) -> None:
        """Cancel a job unless it has ended."""
        self._become(job, "cancelled")

    def _run(self, job: StandInJob) -> None:
        self._become(job, "running")
        try:
            self._work(job)
        except Exception as error:
            job.failure = str(error)
            self._become(job, "failed")
        else:
            self._become(job, "succeeded")

    def _become(self, job: StandInJob, status: str) -> None:
        with self._lock:
            if job.status in ACTIVE:
                job.status, job.updated_at = status, datetime.now(UTC).timestamp()
                self._store()

    def _stored(self) -> list[StandInJob]:
        if not self._file.exists():
            return []
        jobs = [StandInJob(**told) for told in json.loads(self._file.read_text())]
        for job in jobs:
            if job.status in ACTIVE:
                job.status, job.failure = "failed", "The stand-in was stopped during the sync."
        return jobs

    def _store(self) -> None:
        scratch = self._file.with_suffix(".new")
        scratch.write_text(json.dumps([asdict(job) for job in self._jobs]))
        scratch.replace(self._file)


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
