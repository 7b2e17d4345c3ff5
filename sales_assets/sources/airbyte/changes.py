"""The cursor of `airbyte_sync_sensor`: which finished jobs were handled, and from when to ask for the next.

Pure: the sensor decides what to do with each job.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from sales_assets.sources.airbyte.sync_jobs import SUCCEEDED, Job

SYNC_OVERLAP = timedelta(minutes=30)
"""How far before the cursor each tick asks again: a job may be listed later than its own timestamp."""

FIRST_LOOK_BACK = timedelta(days=1)
"""How far back the very first tick asks."""


@dataclass(frozen=True)
class AirbyteCursor:
    """Which jobs were handled so far.

    Attributes:
        until: Every job that ended before this time was handled.
        seen: When each handled job ended, for jobs within the overlap before `until` or later.
    """

    until: datetime
    seen: Mapping[int, datetime]

    @classmethod
    def initial(cls, now: datetime) -> "AirbyteCursor":
        """The cursor before the first tick."""
        return cls(now - FIRST_LOOK_BACK, {})

    @classmethod
    def from_json(cls, text: str) -> "AirbyteCursor":
        """Parse a sensor's stored cursor."""
        return _ADAPTER.validate_json(text)

    def to_json(self) -> str:
        """The cursor as the sensor stores it."""
        return _ADAPTER.dump_json(self).decode()

    @property
    def since(self) -> datetime:
        """From when to ask for jobs."""
        return self.until - SYNC_OVERLAP

    def new(self, jobs: Iterable[Job], at_most: int) -> list[Job]:
        """Select the successful syncs that were not handled yet, in the order in which they ended.

        Args:
            jobs: The jobs that the server returned, which may include others than requested.
            at_most: How many; later ones are left to the next tick.
        """
        unhandled = {
            job.id: job
            for job in jobs
            if job.status == SUCCEEDED
            and job.type == "sync"
            and job.id not in self.seen
            and self._end_of(job) >= self.since
        }
        return sorted(unhandled.values(), key=lambda job: (self._end_of(job), job.id))[:at_most]

    def advance(self, handled: Iterable[Job], waiting: Iterable[Job]) -> "AirbyteCursor":
        """Build the cursor after a tick.

        Args:
            handled: Jobs that the tick handled.
            waiting: Jobs that a later tick has to handle; the cursor does not move past them.
        """
        seen = {**self.seen, **{job.id: self._end_of(job) for job in handled}}
        waiting_ends = [self._end_of(job) for job in waiting]
        until = min(waiting_ends) if waiting_ends else max([self.until, *seen.values()])
        return AirbyteCursor(until, {id_: end for id_, end in seen.items() if end >= until - SYNC_OVERLAP})

    def _end_of(self, job: Job) -> datetime:
        return job.updated_at or self.until


_ADAPTER = TypeAdapter(AirbyteCursor)
