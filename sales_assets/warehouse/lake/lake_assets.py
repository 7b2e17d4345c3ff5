"""The assets of the lake: one for each table, all made alike from gold's contract of the mart.

How days are published is in `publish.py`; which tables there are is in `lake_tables.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from sales_assets.catalog.column_lineage import lineage_metadata
from sales_assets.catalog.contracts import COLUMN_SCHEMA, declared_contract
from sales_assets.catalog.names import FCT_ORDERS_KEY, LAKE
from sales_assets.catalog.partitions import BACKFILL, DAILY, window_of
from sales_assets.catalog.policies import TRANSFORMATION
from sales_assets.catalog.records import find_days_to_refuse
from sales_assets.catalog.remedies import format_rerun
from sales_assets.errors import RefusedError
from sales_assets.warehouse.lake.gold_days import GoldDays
from sales_assets.warehouse.lake.lake_resource import LakeResource
from sales_assets.warehouse.lake.lake_schema import open_lake_table
from sales_assets.warehouse.lake.lake_tables import LAKE_TABLES, LakeTable
from sales_assets.warehouse.lake.publish import Published, publish_days

RUN_NOTE = "sales.run_id"
"""In a snapshot's summary: the run that made it."""

_SHOWN_DAYS = 31


def build_lake_assets(gold: dg.AssetsDefinition) -> list[dg.AssetsDefinition]:
    """Build the assets of all tables.

    Args:
        gold: dbt's assets, whose metadata has the contracts of the marts.
    """
    specs = gold.specs_by_key
    return [_build_asset(table, specs[dg.AssetKey(["gold", table.name])]) for table in LAKE_TABLES]


def _build_asset(table: LakeTable, mart: dg.AssetSpec) -> dg.AssetsDefinition:
    contract = declared_contract(mart.metadata)
    if contract is None:
        message = f"The mart {mart.key.to_user_string()} has no contract; give its columns types in YAML."
        raise ValueError(message)
    sources = {column.name: [f"{mart.key.to_user_string()}.{column.name}"] for column in contract.columns}

    @dg.asset(
        key=[LAKE, table.name],
        deps=[mart.key],
        group_name=LAKE,
        kinds={"iceberg"},
        partitions_def=DAILY,
        backfill_policy=BACKFILL,
        retry_policy=TRANSFORMATION,
        metadata={COLUMN_SCHEMA: contract, **lineage_metadata(sources)},
        description=(
            f"The days of `{mart.key.to_user_string()}` as the Iceberg table `{table.identifier}`, to read "
            "without the warehouse. Days are compared with gold before anyone sees them."
        ),
    )
    def lake_table(
        context: dg.AssetExecutionContext, lake: LakeResource, io_manager: dg.ResourceParam[Any]
    ) -> dg.MaterializeResult[None]:
        days = _choose_days(context)
        catalog = lake.open_catalog()
        caller = f"run {context.run.run_id}, {context.asset_key.to_user_string()}"
        published = publish_days(
            lambda: open_lake_table(catalog, table, contract),
            table,
            GoldDays(io_manager.engine, table, contract, caller),
            days,
            {RUN_NOTE: context.run.run_id},
        )
        _report_days(context, days, published)
        return dg.MaterializeResult(metadata=_describe(table, lake.warehouse, published))

    return lake_table


def _choose_days(context: dg.AssetExecutionContext) -> Sequence[date]:
    """Return the run's days.

    Raises:
        RefusedError: Gold was never built for some: they would be days without sales.
    """
    window = window_of(context)
    if missing := find_days_to_refuse(context.instance, FCT_ORDERS_KEY, window.days):
        message = (
            f"{context.asset_key.to_user_string()} cannot be published: gold/fct_orders was never built for "
            f"{len(missing)} of the run's days, from {missing[0]} to {missing[-1]}. The lake is unchanged. "
            f"Build them {format_rerun(missing)}, or publish other days."
        )
        raise RefusedError(message)
    return [date.fromisoformat(day) for day in window.days]


def _report_days(context: dg.AssetExecutionContext, days: Sequence[date], published: Published) -> None:
    for day in days:
        of_day = {
            "dagster/partition_row_count": published.counts.get(day, 0),
            "was_replaced": day in published.changed,
        }
        context.add_asset_metadata(of_day, partition_key=day.isoformat())


def _describe(table: LakeTable, warehouse: str, published: Published) -> Mapping[str, Any]:
    shown = ", ".join(map(str, published.changed[:_SHOWN_DAYS])) or "none"
    return {
        "dagster/table_name": table.identifier,
        "dagster/uri": warehouse,
        "snapshot_id": str(published.snapshot_id),
        "replaced_days": len(published.changed),
        "replaced": shown + (" …" if len(published.changed) > _SHOWN_DAYS else ""),
        "attempts": published.attempts,
    }
