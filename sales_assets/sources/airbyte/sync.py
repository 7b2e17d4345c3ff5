"""One sync of a connection from start to end: joins a running one or starts one, and waits through outages.

Plain logic over a server that may answer, fail or be silent; it knows neither HTTP nor Dagster.
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
_CONFIRM_SECONDS = 5.0


class SyncServer(Protocol):
    """The part of `AirbyteApi` that a sync needs.

    Each call may raise `AirbyteUnavailableError` or `AirbyteRefusedError`.
    """

    def list_syncs(self, connection_id: str) -> list[Job]:
        """List the latest syncs of a connection, the oldest first."""

    def start_sync(self, connection_id: str) -> Job:
        """Start a sync."""

    def get_job(self, job_id: int) -> Job:
        """Get the current state of a job."""

    def cancel_job(self, job_id: int) -> None:
        """Cancel a job."""


@dataclass(frozen=True)
class PollingConfig:
    """How a run waits for a sync.

    Attributes:
        poll_seconds: Longest pause between two polls of a job; the first pauses are shorter.
        timeout_seconds: Longest wait for the job; None to wait forever.
        outage_seconds: Longest outage of the server while a sync is started or polled.
        confirm_polls: How often to look for a sync whose start was not confirmed, before starting it again.
        join_running: Whether to join a sync that is already running; otherwise the run is refused.
        cancel_with_run: Whether a cancelled run cancels the sync that it started.
    """

    poll_seconds: float = 10
    timeout_seconds: float | None = 5400
    outage_seconds: float = 600
    confirm_polls: int = 3
    join_running: bool = True
    cancel_with_run: bool = True


@dataclass(frozen=True, kw_only=True)
class Sync:
    """A sync of one connection.

    Attributes:
        server: Airbyte.
        connection_id: Of the connection.
        name: Of the connection, for messages.
        polling: How to wait.
        log: The run's log.
        clock: A monotonic clock, in seconds.
        sleep: Pauses for a number of seconds.
    """

    server: SyncServer
    connection_id: str
    name: str
    polling: PollingConfig
    log: logging.Logger
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> Job:
        """Join the running sync, or start one, and wait until it ends.

        Returns:
            The job, whether it succeeded or not.

        Raises:
            RefusedError: Airbyte refused, or the sync took too long; in that case it keeps running.
            AirbyteUnavailableError: The outage was too long; a running sync continues.
        """
        job, is_ours = self._join_or_start()
        try:
            return self._wait_for_end(job)
        except BaseException as error:
            # Only a signal or Dagster's interruption cancels a run, and neither is an `Exception`.
            is_cancelled = not isinstance(error, Exception)
            if is_cancelled and is_ours and self.polling.cancel_with_run:
                self._cancel(job)
            raise

    def _join_or_start(self) -> tuple[Job, bool]:
        """The job to wait for, and whether this run certainly started it."""
        known = self.server.list_syncs(self.connection_id)
        running = [job for job in known if not job.has_ended]
        if running:
            return self._join(running[-1]), False
        latest = known[-1].id if known else -1
        deadline = self.clock() + self.polling.outage_seconds
        while True:
            try:
                job = self.server.start_sync(self.connection_id)
            except AirbyteRefusedError as refusal:
                return self._join(self._find_conflicting(refusal, latest)), False
            except AirbyteUnavailableError as error:
                self.log.warning(f"It is unclear whether a sync of {self.name} was started: {error}")
                unconfirmed = self._find_unconfirmed(latest, deadline)
                if unconfirmed is not None:
                    return self._join(unconfirmed), False
                if self.clock() > deadline:
                    raise
            else:
                self.log.info(f"Started a sync of {self.name}: job {job.id}.")
                return job, True

    def _join(self, job: Job) -> Job:
        if not self.polling.join_running:
            message = (
                f"Airbyte already syncs {self.name} (job {job.id}), and poll_previous_running_sync is off. "
                "No sync was started. Rerun when that sync has ended."
            )
            raise RefusedError(message)
        self.log.info(f"A sync of {self.name} is already running (job {job.id}); waiting for it.")
        return job

    def _find_conflicting(self, refusal: AirbyteRefusedError, latest: int) -> Job:
        """The sync that caused the refusal of a start: another client's, started since this run checked."""
        newer = self._find_newer_than(latest) if refusal.status == _CONFLICT else None
        if newer is None:
            raise refusal
        return newer

    def _find_unconfirmed(self, latest: int, deadline: float) -> Job | None:
        """The sync that an unconfirmed start created; None if it created none."""
        polls = 0
        while polls < self.polling.confirm_polls:
            self.sleep(min(_CONFIRM_SECONDS, self.polling.poll_seconds))
            try:
                newer = self._find_newer_than(latest)
            except AirbyteUnavailableError:
                if self.clock() > deadline:
                    raise
                continue
            if newer is not None:
                return newer
            polls += 1
        return None

    def _find_newer_than(self, latest: int) -> Job | None:
        newer = [job for job in self.server.list_syncs(self.connection_id) if job.id > latest]
        return newer[-1] if newer else None

    def _wait_for_end(self, job: Job) -> Job:
        timeout = self.polling.timeout_seconds
        last_answer = start = self.clock()
        pause = min(_FIRST_PAUSE_SECONDS, self.polling.poll_seconds)
        while not job.has_ended:
            if timeout and self.clock() - start > timeout:
                raise self._build_timeout_error(job, timeout)
            self.sleep(pause)
            pause = min(2 * pause, self.polling.poll_seconds)
            try:
                job = self.server.get_job(job.id)
            except AirbyteUnavailableError as error:
                if self.clock() - last_answer > self.polling.outage_seconds:
                    raise
                self.log.warning(
                    f"Lost contact with Airbyte while polling the sync of {self.name} (job {job.id}); "
                    f"still waiting: {error}"
                )
            else:
                last_answer = self.clock()
        return job

    def _build_timeout_error(self, job: Job, timeout: float) -> RefusedError:
        return RefusedError(
            f"Airbyte's sync of {self.name} (job {job.id}) has not ended after {timeout:g} s: {job.status}. "
            "It keeps running: airbyte_sync_sensor reports its success, and a rerun before that joins it. "
            "If it hangs, cancel it in Airbyte and rerun; if it is just slow, raise poll_timeout."
        )

    def _cancel(self, job: Job) -> None:
        try:
            self.server.cancel_job(job.id)
        except Exception as error:
            self.log.warning(f"The sync of {self.name} (job {job.id}) could not be cancelled: {error}")
        else:
            self.log.info(f"Cancelled the sync of {self.name} (job {job.id}) with the run that started it.")
