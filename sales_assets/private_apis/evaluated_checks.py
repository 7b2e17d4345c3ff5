"""Dagster's table of check executions: which checks were evaluated lately, whatever their names."""

from datetime import UTC, datetime

import dagster as dg


def list_evaluated_checks(instance: dg.DagsterInstance, since: datetime) -> list[dg.AssetCheckKey]:
    """List the checks that were evaluated since an instant, in order; one that was removed may be among them.

    Args:
        instance: Its event log is SQLite, PostgreSQL or in memory.
        since: An instant with a time zone.
    """
    # Half a second with SQLAlchemy, which the location's loading does not need.
    from dagster._core.storage.event_log import SqlEventLogStorage  # noqa: PLC0415
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    storage, checks = instance.event_log_storage, AssetCheckExecutionsTable.c
    if not isinstance(storage, SqlEventLogStorage):
        message = f"The event log {type(storage).__name__} has no table of checks."
        raise dg.DagsterInvariantViolationError(message)
    is_recent = checks.evaluation_event_timestamp >= since.astimezone(UTC).replace(tzinfo=None)
    query = select(checks.asset_key, checks.check_name).where(is_recent).distinct()
    with storage.index_connection() as connection:
        rows = connection.execute(query).all()
    parsed = ((dg.AssetKey.from_db_string(key), str(name)) for key, name in rows)
    return sorted(dg.AssetCheckKey(asset, name) for asset, name in parsed if asset)
