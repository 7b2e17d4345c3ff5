"""The sensors: what starts runs when something happened, and what tells of them. Each has a file here."""

import dagster as dg

from sales_assets.automation.sensors.airbyte_sync import build_airbyte_sync_sensor
from sales_assets.automation.sensors.alerts import build_alerts_sensor
from sales_assets.automation.sensors.erp_late_changes import build_erp_late_changes_sensor
from sales_assets.automation.sensors.heartbeat import build_heartbeat_sensor
from sales_assets.automation.sensors.reports import build_reports_sensor
from sales_assets.automation.sensors.s3_new_file import build_s3_new_file_sensor
from sales_assets.settings import Settings


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Build the sensors of an environment."""
    return [
        build_erp_late_changes_sensor(settings),
        build_airbyte_sync_sensor(settings),
        build_s3_new_file_sensor(settings),
        build_alerts_sensor(settings),
        build_heartbeat_sensor(settings),
        build_reports_sensor(settings),
    ]
