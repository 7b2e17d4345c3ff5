"""How far the syncs of a workspace have been followed: what a look leaves to do, and what to remember of it.

Pure: what becomes of a sync is decided by the sensor.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sales_assets.sources.airbyte.sync_jobs import SUCCEEDED, Job

OVERLAP = timedelta(minutes=30)
"""How far back every look goes: a job may appear later than the time that it bears."""

FIRST_LOOK = timedelta(days=1)
"""How far back the very first look goes."""


@dataclass(frozen=True)
class Followed:
    """What is known of the jobs so far.

    Attributes:
        until: Every job that ended before this instant is done with.
        seen: The jobs that are done with, and not long before that instant, with when each ended.
    """

    until: datetime
    seen: Mapping[int, datetime]

    @classmethod
    def first(cls, now: datetime) -> "Followed":
        """Before anything was looked at."""
        return cls(now - FIRST_LOOK, {})

    @classmethod
    def parsed(cls, cursor: str) -> "Followed":
        """Read a sensor's cursor."""
        stored = json.loads(cursor)
        seen = {int(id_): datetime.fromisoformat(ended) for id_, ended in stored["seen"].items()}
        return cls(datetime.fromisoformat(stored["until"]), seen)

    def text(self) -> str:
        """As a sensor's cursor."""
        seen = {str(id_): ended.isoformat() for id_, ended in self.seen.items()}
        return json.dumps({"until": self.until.isoformat(), "seen": seen})

    @property
    def since(self) -> datetime:
        """From when on to ask for jobs."""
        return self.until - OVERLAP

    def new(self, jobs: Iterable[Job], at_most: int) -> list[Job]:
        """The jobs of a look that are not done with, in the order in which they ended.

        Args:
            jobs: What the server told; it may have told more than it was asked for.
            at_most: How many; the later ones are left to the next look.
        """
        wanted = {
            job.id: job
            for job in jobs
            if job.status == SUCCEEDED
            and job.type == "sync"
            and job.id not in self.seen
            and self._ended(job) >= self.since
        }
        return sorted(wanted.values(), key=lambda job: (self._ended(job), job.id))[:at_most]

    def after(self, done: Iterable[Job], waiting: Iterable[Job]) -> "Followed":
        """What is known after a look.

        Args:
            done: Jobs that are done with.
            waiting: Jobs of which that cannot be said yet; they hold the look back.
        """
        seen = {**self.seen, **{job.id: self._ended(job) for job in done}}
        held_back = [self._ended(job) for job in waiting]
        until = min(held_back) if held_back else max([self.until, *seen.values()])
        return Followed(until, {id_: ended for id_, ended in seen.items() if ended >= until - OVERLAP})

    def _ended(self, job: Job) -> datetime:
        return job.updated_at or self.until
