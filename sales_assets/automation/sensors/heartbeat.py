"""Tells a service outside that the daemon lives: a dead daemon cannot tell of itself, so the service does."""

import time

import dagster as dg

from sales_assets.monitoring.alerts.channels import AlertsResource
from sales_assets.monitoring.alerts.ledger import is_told
from sales_assets.settings import Settings

_INTERVAL_SECONDS = 300

_DESCRIPTION = (
    "Calls HEARTBEAT_URL every five minutes, while the daemon runs and alerts are told, so that its "
    "silence is noticed. If the service reports silence, look whether the daemon runs, then at the ticks "
    "of alerts_sensor."
)


def build_heartbeat_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of an environment; it is running by default where `HEARTBEAT_URL` is set."""
    running, stopped = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED
    status = running if settings.has_heartbeat_url else stopped

    @dg.sensor(minimum_interval_seconds=_INTERVAL_SECONDS, default_status=status, description=_DESCRIPTION)
    def heartbeat_sensor(context: dg.SensorEvaluationContext, alerts: AlertsResource) -> dg.SkipReason:
        if not alerts.heartbeat_url:
            return dg.SkipReason("HEARTBEAT_URL is not set.")
        if not is_told(context.instance, time.time()):
            return dg.SkipReason("No heartbeat was sent, because alerts_sensor has not ended a tick lately.")
        alerts.call_heartbeat()
        return dg.SkipReason("The heartbeat was sent.")

    return heartbeat_sensor
