"""Refuses to build dbt's daily models for days that nobody loaded: they would be days without sales."""

from collections.abc import Iterable

import dagster as dg

from sales_assets.catalog.names import GOLD
from sales_assets.catalog.partitions import DAILY, is_of_days, window_of
from sales_assets.catalog.records import find_days_to_refuse
from sales_assets.catalog.remedies import format_rerun
from sales_assets.errors import RefusedError
from sales_assets.private_apis.job_assets import find_asset, list_job_assets


def refuse_days_never_loaded(context: dg.AssetExecutionContext) -> None:
    """Refuse the run if an asset outside of it, which its daily models read, lacks days of the window.

    Raises:
        RefusedError: Names the asset, the days and what to run instead; dbt cannot leave out a day.
    """
    models = [
        key for key in context.selected_asset_keys if find_asset(context.job_def, key).partitions == DAILY
    ]
    if not models or not is_of_days(context):
        return
    window = window_of(context)
    faults = {
        key: days
        for key in find_daily_inputs(context.job_def, models)
        if (days := find_days_to_refuse(context.instance, key, window.days))
    }
    if faults:
        raise _build_refusal(models, faults)


def find_daily_inputs(job: dg.JobDefinition, models: Iterable[dg.AssetKey]) -> list[dg.AssetKey]:
    """Find the daily assets outside of a run that models read, directly or through other models."""
    included = {asset.key for asset in list_job_assets(job)}
    found: set[dg.AssetKey] = set()
    pending = list(models)
    while pending:
        for parent in find_asset(job, pending.pop()).parents:
            asset = find_asset(job, parent)
            if asset.group == GOLD:
                pending.append(parent)
            elif asset.partitions == DAILY and parent not in included:
                found.add(parent)
    return sorted(found)


def _build_refusal(models: Iterable[dg.AssetKey], faults: dict[dg.AssetKey, list[str]]) -> RefusedError:
    names = ", ".join(sorted(key.to_user_string() for key in models))
    reasons = " and ".join(
        f"{key.to_user_string()} was never loaded for {', '.join(days)}" for key, days in faults.items()
    )
    all_days = {day for days in faults.values() for day in days}
    return RefusedError(
        f"{names} cannot be built: {reasons}. No stored data was changed. "
        f"Run these days from raw_orders on, {format_rerun(all_days)}."
    )
