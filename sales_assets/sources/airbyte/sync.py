"""One sync of a connection from beginning to end: joined or started once, and followed through outages.

Plain logic over a server that answers, errs or is silent; it knows neither HTTP nor Dagster.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sales_assets.errors import RefusedError
from sales_assets.sources.airbyte.failures import AirbyteRefusedError, AirbyteUnavailableError
from sales_assets.sources.airbyte.sync_jobs import Job

_CONFLICT = 409
_FIRST_PAUSE_SECONDS = 1.0
_LOOK_SECONDS = 5.0


class Server(Protocol):
    """What is needed of Airbyte; each call may raise `AirbyteUnavailableError` or `AirbyteRefusedError`."""

    def syncs(self, connection_id: str) -> list[Job]:
        """The latest syncs of a connection, the oldest first."""

    def start_sync(self, connection_id: str) -> Job:
        """Start a sync."""

    def job(self, job_id: int) -> Job:
        """How a job is now."""

    def cancel(self, job_id: int) -> None:
        """Cancel a job."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for what.

    Attributes:
        poll_seconds: Between two looks at a job, at most: the first come sooner.
        timeout_seconds: For the job; None for ever.
        outage_seconds: For a server that does not answer while a sync is started or followed.
        looks: How often to look for a sync whose start was not confirmed, before it is started again.
        joins: Whether a sync that runs already is joined; otherwise it is refused.
        cancels: Whether a sync that this run started is cancelled with it.
    """

    poll_seconds: float = 10
    timeout_seconds: float | None = 5400
    outage_seconds: float = 600
    looks: int = 3
    joins: bool = True
    cancels: bool = True


@dataclass(frozen=True, kw_only=True)
class Sync:
    """A sync of one connection.

    Attributes:
        server: Airbyte.
        connection_id: Of the connection.
        name: Of the connection, for messages.
        patience: How long to wait for what.
        log: Where to say what is going on.
        clock: Seconds that only ever grow.
        sleep: Waits for some seconds.
    """

    server: Server
    connection_id: str
    name: str
    patience: Patience
    log: logging.Logger
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> Job:
        """Join the sync that runs, or start one, and wait for its end.

        Returns:
            The job, however it ended.

        Raises:
            RefusedError: Airbyte refuses, or the sync takes too long; it is left alone then.
            AirbyteUnavailableError: The server was away for too long; a sync that runs goes on.
        """
        job, is_ours = self._begun()
        try:
            return self._ended(job)
        except Exception:
            raise
        except BaseException:  # the run is being cancelled, by a signal or by Dagster
            if is_ours and self.patience.cancels:
                self._cancel(job)
            raise

    def _begun(self) -> tuple[Job, bool]:
        """The job to follow, and whether this run started it beyond doubt."""
        known = self.server.syncs(self.connection_id)
        running = [job for job in known if not job.has_ended]
        if running:
            return self._joined(running[-1]), False
        latest = known[-1].id if known else -1
        give_up = self.clock() + self.patience.outage_seconds
        while True:
            try:
                job = self.server.start_sync(self.connection_id)
            except AirbyteRefusedError as refusal:
                return self._joined(self._in_the_way(refusal, latest)), False
            except AirbyteUnavailableError as error:
                self.log.warning(f"It is unclear whether a sync of {self.name} was started: {error}")
                found = self._appeared(latest, give_up)
                if found is not None:
                    return self._joined(found), False
                if self.clock() > give_up:
                    raise
            else:
                self.log.info(f"Started a sync of {self.name}: job {job.id}.")
                return job, True

    def _joined(self, job: Job) -> Job:
        if not self.patience.joins:
            message = (
                f"Airbyte already syncs {self.name} (job {job.id}), and poll_previous_running_sync is off. "
                "Nothing was started. Run again when that sync has ended."
            )
            raise RefusedError(message)
        self.log.info(f"Joined the sync of {self.name} that is there already: job {job.id}.")
        return job

    def _in_the_way(self, refusal: AirbyteRefusedError, latest: int) -> Job:
        """The sync because of which a start was refused: somebody else's, begun since we looked."""
        found = self._newer_than(latest) if refusal.status == _CONFLICT else None
        if found is None:
            raise refusal
        return found

    def _appeared(self, latest: int, give_up: float) -> Job | None:
        """The sync that an unconfirmed start brought about, if it did."""
        looks = 0
        while looks < self.patience.looks:
            self.sleep(min(_LOOK_SECONDS, self.patience.poll_seconds))
            try:
                found = self._newer_than(latest)
            except AirbyteUnavailableError:
                if self.clock() > give_up:
                    raise
                continue
            if found is not None:
                return found
            looks += 1
        return None

    def _newer_than(self, latest: int) -> Job | None:
        newer = [job for job in self.server.syncs(self.connection_id) if job.id > latest]
        return newer[-1] if newer else None

    def _ended(self, job: Job) -> Job:
        timeout = self.patience.timeout_seconds
        answered = begun = self.clock()
        pause = min(_FIRST_PAUSE_SECONDS, self.patience.poll_seconds)
        while not job.has_ended:
            if timeout and self.clock() - begun > timeout:
                raise self._too_long(job, timeout)
            self.sleep(pause)
            pause = min(2 * pause, self.patience.poll_seconds)
            try:
                job = self.server.job(job.id)
            except AirbyteUnavailableError as error:
                if self.clock() - answered > self.patience.outage_seconds:
                    raise
                self.log.warning(f"The sync of {self.name} (job {job.id}) goes on unseen: {error}")
            else:
                answered = self.clock()
        return job

    def _too_long(self, job: Job, timeout: float) -> RefusedError:
        return RefusedError(
            f"Airbyte's sync of {self.name} (job {job.id}) has not ended after {timeout:g} s: {job.status}. "
            "It was left alone; airbyte_sync_sensor reports it when it succeeds, and a run before that joins "
            "it. If it hangs, cancel it in Airbyte and run again; if it is that slow, raise poll_timeout."
        )

    def _cancel(self, job: Job) -> None:
        try:
            self.server.cancel(job.id)
        except Exception as error:
            self.log.warning(f"The sync of {self.name} (job {job.id}) could not be cancelled: {error}")
        else:
            self.log.info(f"Cancelled the sync of {self.name} (job {job.id}) with the run that started it.")
