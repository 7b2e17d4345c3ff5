"""What Prometheus collects: each part is asked in the background, so a scrape never waits for the web server.

An answer is shown, with its age, until it is so old that it says nothing about now. How long ago something
was is computed at the scrape, from the kept answer.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event, Thread

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from sales_assets.errors import UnavailableError
from sales_assets.monitoring.metrics.families import METRIC_PREFIX, build_family
from sales_assets.monitoring.metrics.webserver import GraphQLAnswer

_LOG = logging.getLogger(__name__)

MOST_INTERVALS = 3
"""After so many intervals without an answer, the last one is not shown any more."""

RETRY_SECONDS = 15.0
"""After a try without an answer it is asked again sooner than usual: the code location may be loading."""


@dataclass
class Part:
    """A part of the metrics, which has one answer.

    Attributes:
        name: Its name in the exporter's own metrics.
        every_seconds: How often it is asked.
        ask: Asks the web server.
        measure: Makes metrics of the answer, for a time in seconds since 1970.
        answer: The last answer.
        answered_at: When it came.
        took_seconds: How long the server took.
        is_up: Whether the last try had an answer.
        failures: How many tries had none.
    """

    name: str
    every_seconds: float
    ask: Callable[[], GraphQLAnswer]
    measure: Callable[[GraphQLAnswer, float], Sequence[Metric]]
    answer: GraphQLAnswer | None = None
    answered_at: float = 0.0
    took_seconds: float = 0.0
    is_up: bool = False
    failures: int = 0

    def refresh(self) -> None:
        """Ask once; a try without an answer keeps the last one, and is logged when it begins and ends."""
        began = time.time()
        try:
            answer = self.ask()
        except UnavailableError as error:
            if self.is_up or not self.failures:
                _LOG.warning("%s What it answered before is shown for a while, with its age.", error)
            self.is_up, self.failures = False, self.failures + 1
            return
        if self.failures and not self.is_up:
            _LOG.warning("Dagster's web server answers again for %s.", self.name)
        self.answered_at = time.time()
        self.answer, self.took_seconds, self.is_up = answer, self.answered_at - began, True

    def is_current(self, now: float) -> bool:
        """Whether there is an answer that still says something."""
        return self.answer is not None and now - self.answered_at <= MOST_INTERVALS * self.every_seconds


class SalesCollector(Collector):
    """Collects all parts; the first one decides whether the web server is up.

    Args:
        parts: What is asked.
    """

    def __init__(self, parts: Sequence[Part]):
        self._parts = parts
        self._is_stopped = Event()

    @property
    def is_up(self) -> bool:
        """Whether the web server answered last time."""
        return any(part.is_up for part in self._parts[:1])

    def start(self) -> None:
        """Begin to ask each part in the background, until `stop`."""
        for part in self._parts:
            Thread(target=self._keep_asking, args=(part,), name=part.name, daemon=True).start()

    def stop(self) -> None:
        """End the background threads."""
        self._is_stopped.set()

    def refresh(self) -> None:
        """Ask each part once."""
        for part in self._parts:
            part.refresh()

    def describe(self) -> list[Metric]:
        """Nothing: so that registering does not collect."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now."""
        now = time.time()
        yield from self._measure_exporter(now)
        for part in self._parts:
            if part.answer is not None and part.is_current(now):
                yield from part.measure(part.answer, now)

    def _keep_asking(self, part: Part) -> None:
        while not self._is_stopped.is_set():
            part.refresh()
            soon = min(RETRY_SECONDS, part.every_seconds)
            self._is_stopped.wait(part.every_seconds if part.is_up else soon)

    def _measure_exporter(self, now: float) -> Iterator[Metric]:
        answered = [part for part in self._parts if part.answer is not None]
        yield build_family(
            "webserver_up", "Whether Dagster's web server answered last time.", [((), float(self.is_up))]
        )
        yield build_family(
            "exporter_answer_age",
            "How old the answer is that a part of these metrics shows.",
            [((part.name,), now - part.answered_at) for part in answered],
            ("part",),
            unit="seconds",
        )
        yield build_family(
            "exporter_answer_duration",
            "How long the web server took for it.",
            [((part.name,), part.took_seconds) for part in answered],
            ("part",),
            unit="seconds",
        )
        failures = CounterMetricFamily(
            f"{METRIC_PREFIX}exporter_failures", "How often the web server did not answer.", labels=("part",)
        )
        for part in self._parts:
            failures.add_metric((part.name,), part.failures)
        yield failures
