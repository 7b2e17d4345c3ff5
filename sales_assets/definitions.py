"""The table of contents: every asset, check, job, schedule, sensor and resource of the code location."""

from collections.abc import Sequence

import dagster as dg

from sales_assets import assets, checks
from sales_assets.automation import code_location, jobs
from sales_assets.automation.schedules import build_schedules
from sales_assets.automation.sensors.all_sensors import build_sensors
from sales_assets.catalog.partitions import refuse_other_partitions
from sales_assets.catalog.policies import with_policies
from sales_assets.dbt.dbt_assets import build_dbt_assets
from sales_assets.monitoring.alerts.channels import build_alerts
from sales_assets.resources import build_executor, build_resources
from sales_assets.settings import Settings, settings
from sales_assets.sources.airbyte.airbyte_assets import build_airbyte_assets
from sales_assets.sources.airbyte.airbyte_checks import build_airbyte_check
from sales_assets.warehouse.lake.lake_assets import build_lake_assets


def build_assets(settings: Settings) -> Sequence[dg.AssetsDefinition]:
    """Every asset, with what all of them have."""
    gold = build_dbt_assets(settings)
    every = [
        assets.raw_orders,
        assets.raw_customers,
        assets.raw_marketplace_orders,
        assets.silver_enriched_orders,
        *assets.OF_MODELS,
        *build_airbyte_assets(settings),
        gold,
        *build_lake_assets(gold),
        assets.sales_dashboard,
        assets.bi_export,
    ]
    return with_policies(settings, every)


def build_definitions(settings: Settings) -> dg.Definitions:
    """Everything the code location contains, for given settings; connects to nothing.

    Raises:
        ValueError: The settings differ from the process's in what is fixed when assets are imported.
    """
    refuse_other_partitions(settings)
    all_assets = build_assets(settings)
    return dg.Definitions(
        assets=all_assets,
        asset_checks=[
            *checks.BY_HAND,
            checks.build_yesterday_check(all_assets),
            build_airbyte_check(settings),
            *checks.build_restatement_checks(settings),
        ],
        jobs=[
            jobs.daily_sales_pipeline,
            jobs.customers_job,
            jobs.airbyte_marts_job,
            jobs.marketplace_orders_job,
            jobs.marketplace_marts_job,
            jobs.ml_pipeline_job,
            jobs.reconciliation_job,
            jobs.freshness_job,
            jobs.digest_job,
            jobs.repair_job,
            jobs.retention_job,
            jobs.approve_job,
            *jobs.LAKE_JOBS,
        ],
        schedules=build_schedules(settings),
        sensors=build_sensors(settings),
        resources={**build_resources(settings), "alerts": build_alerts(settings)},
        executor=build_executor(settings),
    )


defs = build_definitions(settings())
code_location.fork_its_runs()
