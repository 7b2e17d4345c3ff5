"""Metrics of runs: by job and state, how long they wait and take."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from prometheus_client.core import GaugeMetricFamily

from sales_assets.monitoring.metrics.families import Sample, build_family
from sales_assets.monitoring.metrics.webserver import GraphQLAnswer

WINDOW_SECONDS = 86_400.0
"""How far back runs count that have ended: a day, so that a restart of the exporter forgets nothing."""

_BY_JOB = ("job", "status")


def measure_runs(answer: GraphQLAnswer, now: float) -> list[GaugeMetricFamily]:
    """Measure the runs.

    Args:
        answer: That to the question `instance`.
        now: Seconds since 1970.
    """
    active, ended = answer["active"]["results"], answer["ended"]["results"]
    queued = [run["creationTime"] for run in active if run["status"] == "QUEUED"]
    return [
        build_family("runs_active", "Runs that are queued or running.", _count(active), _BY_JOB),
        build_family(
            "runs_ended_last_day", "Runs that ended within the last 24 hours.", _count(ended), _BY_JOB
        ),
        build_family(
            "run_queue_age",
            "For how long the oldest queued run has been waiting; 0 if none is.",
            [((), max(0.0, now - min(queued, default=now)))],
            unit="seconds",
        ),
        build_family(
            "run_running",
            "For how long the oldest run of a job has been running.",
            _find_longest((run["jobName"], now - run["startTime"]) for run in active if run["startTime"]),
            ("job",),
            unit="seconds",
        ),
        build_family(
            "job_last_duration",
            "How long the last successful run of a job took, if it ended within the last 24 hours.",
            _find_last_durations(ended),
            ("job",),
            unit="seconds",
        ),
    ]


def _count(runs: Iterable[dict[str, Any]]) -> list[Sample]:
    counts = Counter((run["jobName"], run["status"]) for run in runs)
    return [(labels, float(count)) for labels, count in sorted(counts.items())]


def _find_longest(durations: Iterable[tuple[str, float]]) -> list[Sample]:
    longest: dict[str, float] = {}
    for job, seconds in durations:
        longest[job] = max(seconds, longest.get(job, 0.0))
    return [((job,), seconds) for job, seconds in sorted(longest.items())]


def _find_last_durations(ended: Iterable[dict[str, Any]]) -> list[Sample]:
    succeeded = [run for run in ended if run["status"] == "SUCCESS" and run["startTime"] and run["endTime"]]
    last = {run["jobName"]: run for run in sorted(succeeded, key=lambda run: run["endTime"])}
    return [((job,), run["endTime"] - run["startTime"]) for job, run in sorted(last.items())]
