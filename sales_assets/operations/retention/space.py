"""Gives the space of removed rows back: vacuums SQLite's files, or says what PostgreSQL does by itself."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg

from sales_assets.private_apis.storage_files import Autovacuum, list_sqlite_files, read_autovacuum

_ACTIVE = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_PATIENCE_SECONDS = 10.0
_NO_VACUUM = "Its next run vacuums them."


def reclaim_space(instance: dg.DagsterInstance, own_run_id: str = "") -> str:
    """Vacuum SQLite's files if no run is active, and describe what was done or what PostgreSQL will do.

    Args:
        instance: Has the storage.
        own_run_id: The run that asks, which does not count as active.
    """
    if files := list_sqlite_files(instance):
        others = {run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=_ACTIVE))} - {own_run_id}
        if others:
            return f"SQLite's files were not vacuumed, because {len(others)} run(s) are active. {_NO_VACUUM}"
        return _vacuum_all(files)
    autovacuum = read_autovacuum(instance)
    return describe_autovacuum(autovacuum) if autovacuum else "The storage is in memory."


def describe_autovacuum(autovacuum: Autovacuum) -> str:
    """Describe what PostgreSQL will do about deleted rows, and what it will not."""
    if not autovacuum.is_on:
        return (
            "PostgreSQL's autovacuum is off, so the space of deleted rows is lost. Turn it on, or run "
            "`vacuum analyze` in Dagster's database."
        )
    return (
        f"PostgreSQL's autovacuum vacuums event_logs, which has about {autovacuum.rows:,} rows, once "
        f"{autovacuum.threshold:,} of them are deleted or changed. New rows then take their space; the file "
        "does not shrink. Only `vacuum full event_logs` shrinks it, and locks the table meanwhile."
    )


def _vacuum_all(files: list[Path]) -> str:
    before = sum(path.stat().st_size for path in files)
    try:
        for path in files:
            with closing(
                sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)
            ) as connection:
                connection.execute("vacuum")
                connection.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.OperationalError as error:
        return f"SQLite's files were not all vacuumed: {error}. No history was lost by that. {_NO_VACUUM}"
    won = before - sum(path.stat().st_size for path in files)
    return f"SQLite's files were vacuumed: {max(won, 0) / 1_000_000:,.1f} MB less."
