"""Decides what is old enough to be removed, and what has to stay because the catalog reads it.

This module only reads; `removal.py` removes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import dagster as dg
from tabulate import tabulate

from sales_assets.catalog.approvals import APPROVED_ASSETS
from sales_assets.operations.retention.old_files import list_old_files, measure_files
from sales_assets.operations.retention.old_models import list_old_models
from sales_assets.private_apis.history import (
    list_ancestors,
    list_latest_runs,
    list_old_backfills,
    list_runless_events,
    measure_run_bytes,
)
from sales_assets.private_apis.storage_files import locate_compute_logs, locate_tick_logs
from sales_assets.warehouse.abandoned import list_abandoned
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.file_store import FileStore
from sales_assets.warehouse.slices import Slice

Item = TypeVar("Item")

RUNS_AT_ONCE = 500
"""How many runs are read or measured at once."""

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Places:
    """Where old history is.

    Attributes:
        instance: Has runs, events, backfills and logs.
        dbt_folder: Where dbt writes the artifacts of its runs.
        engine: The warehouse, where a killed write may have left a staging table.
        models: Where trained models are kept.
    """

    instance: dg.DagsterInstance
    dbt_folder: Path
    engine: Engine
    models: FileStore


@dataclass(frozen=True)
class RetentionPlan:
    """What goes.

    Attributes:
        before: What is older is examined.
        runs: IDs of runs, oldest first.
        kept: How many older runs stay, because they are the latest of something or have not ended.
        run_logs: The folders of the runs' compute logs on this machine; empty if they are in a bucket.
        runless_events: IDs of events that no run reported.
        backfills: IDs of backfills.
        tick_logs: Files that ticks of sensors and schedules logged.
        artifacts: Files of dbt's runs.
        staging_tables: Tables that killed writes left in the warehouse.
        models: Files of trained models.
        sizes: Bytes by the name of the attribute; a size that is not known is absent.
    """

    before: datetime
    runs: Sequence[str]
    kept: int
    run_logs: Sequence[Path]
    runless_events: Sequence[int]
    backfills: Sequence[str]
    tick_logs: Sequence[Path]
    artifacts: Sequence[Path]
    staging_tables: Sequence[Slice]
    models: Sequence[str] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[str, int, float | None]]:
        """What goes, how many of it, and their megabytes without indexes; None if that is not known."""
        names = {
            "runs with their events": "runs",
            "folders of their logs, on this machine": "run_logs",
            "events without a run": "runless_events",
            "records of backfills": "backfills",
            "files of ticks' logs": "tick_logs",
            "files of dbt's runs": "artifacts",
            "abandoned staging tables": "staging_tables",
            "files of trained models": "models",
        }
        return [
            (text, len(getattr(self, name)), _to_megabytes(self.sizes.get(name)))
            for text, name in names.items()
        ]

    def __str__(self) -> str:
        table = tabulate(self.rows, headers=["what", "number", "MB"], floatfmt=",.1f")
        return (
            f"Older than {self.before:%Y-%m-%d %H:%M} UTC:\n{table}\n{self.kept} older run(s) stay: they "
            "hold the latest record of a partition or a check, or have not ended."
        )


def plan_retention(places: Places, before: datetime) -> RetentionPlan:
    """Find what is older than a time and that nothing reads any more.

    Args:
        places: Where to look.
        before: The time, with a time zone.
    """
    instance = places.instance
    ended = list(_list_ended_runs(instance, before))
    runs = choose_removable(ended, list_latest_runs(instance), list_ancestors(instance))
    logs = locate_compute_logs(instance)
    run_logs = [folder for run_id in runs if logs and (folder := logs / run_id).is_dir()]
    ticks = locate_tick_logs(instance)
    tick_logs = list_old_files(ticks, before) if ticks else []
    artifacts = list_old_files(places.dbt_folder, before)
    events = list_runless_events(instance, before, observed=APPROVED_ASSETS)  # published and approved
    models = list_old_models(places.models, before)
    backfills = list_old_backfills(instance, before, without=set(runs))
    return RetentionPlan(
        before=before,
        runs=runs,
        kept=instance.get_runs_count(dg.RunsFilter(created_before=before)) - len(runs),
        run_logs=run_logs,
        runless_events=list(events),
        backfills=list(backfills),
        tick_logs=tick_logs,
        artifacts=artifacts,
        staging_tables=list_abandoned(places.engine, before),
        models=list(models),
        sizes={
            "runs": sum(measure_run_bytes(instance, page) for page in split_into_pages(runs, RUNS_AT_ONCE)),
            "run_logs": measure_files(run_logs),
            "runless_events": sum(events.values()),
            "backfills": sum(backfills.values()),
            "tick_logs": measure_files(tick_logs),
            "artifacts": measure_files(artifacts),
            "models": sum(models.values()),
        },
    )


def choose_removable(
    ended: Sequence[str], latest: Collection[str], ancestors: Iterable[tuple[str, str]]
) -> list[str]:
    """Choose the runs that may go: neither the latest of something, nor an ancestor of a run that stays.

    Args:
        ended: Old runs that have ended, in order.
        latest: Runs that hold the latest record of something.
        ancestors: Each re-executed run with its root or parent.
    """
    links = list(ancestors)
    removable = set(ended) - set(latest)
    while kept := {ancestor for run_id, ancestor in links if run_id not in removable} & removable:
        removable -= kept
    return [run_id for run_id in ended if run_id in removable]


def split_into_pages(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Split a sequence into pages of a size; the last one may be shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _list_ended_runs(instance: dg.DagsterInstance, before: datetime) -> Iterable[str]:
    """Yield the IDs of runs that were created before a time and have ended, oldest first."""
    filters, cursor = dg.RunsFilter(created_before=before, statuses=_ENDED), None
    while page := instance.get_run_records(filters, limit=RUNS_AT_ONCE, cursor=cursor, ascending=True):
        yield from (record.dagster_run.run_id for record in page)
        cursor = page[-1].dagster_run.run_id


def _to_megabytes(size: int | None) -> float | None:
    return None if size is None else round(size / _MEGABYTE, 1)
