"""Has the reports made again after gold was built, by Dagster's declarative automation."""

import dagster as dg

from sales_assets.catalog.names import DOMAIN_TAGS, REPORTS
from sales_assets.settings import Settings

_DESCRIPTION = (
    "Makes the dashboard and other reports again after each run that built the marts that they read. If "
    "a report fails, gold is not affected and the report before stays: fix the cause and materialize it."
)


def build_reports_sensor(settings: Settings) -> dg.AutomationConditionSensorDefinition:
    """Build the sensor of an environment; on a laptop it is registered but stopped."""
    status = dg.DefaultSensorStatus.RUNNING if settings.runs_unattended else dg.DefaultSensorStatus.STOPPED
    return dg.AutomationConditionSensorDefinition(
        "reports_automation_sensor",
        target=dg.AssetSelection.groups(REPORTS),
        default_status=status,
        description=_DESCRIPTION,
        run_tags=DOMAIN_TAGS,
    )
