"""A run of several days with a check, whose records a test compares between Dagster's storages and ours."""

import dagster as dg

from sales_assets.operations.repair.gaps import range_tags


def materialize_range(instance: dg.DagsterInstance, last: str = "2025-01-10") -> str:
    """Materialize the days of January 2025 up to one of them in one run; returns its id."""

    @dg.asset(
        partitions_def=dg.DailyPartitionsDefinition("2025-01-01"),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def days() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(tags={"why": "test"})

    @dg.asset_check(asset=days)
    def are_fine(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        storage = context.instance.event_log_storage
        planned = storage.get_asset_check_execution_history(are_fine.check_key, limit=5)
        plans = [(each.status.value, each.partition, each.run_id == context.run.run_id) for each in planned]
        found = planned[0].event is not None and planned[0].event.dagster_event_type
        return dg.AssetCheckResult(passed=True, description=f"{plans} {found}")

    tags = range_tags("2025-01-01", last)
    return dg.materialize([days, are_fine], instance=instance, tags=tags).run_id
