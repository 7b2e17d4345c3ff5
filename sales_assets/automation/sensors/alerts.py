"""Tells people what went wrong, and what is right again; what and how is in `monitoring/alerts/`."""

import time

import dagster as dg

from sales_assets.automation.code_location import get_repository
from sales_assets.monitoring.alerts.channels import AlertsResource
from sales_assets.monitoring.alerts.ledger import LedgerTakenError
from sales_assets.monitoring.alerts.tell import tell_what_is_new
from sales_assets.monitoring.alerts.telling import Telling
from sales_assets.settings import Settings

_INTERVAL_SECONDS = 60

_DESCRIPTION = (
    "Tells of failed runs, checks and days without data, once, and of their recovery; it looks every "
    "minute and starts no run. If no message arrives, `make alerts-test` says why."
)


def build_alerts_sensor(settings: Settings) -> dg.SensorDefinition:
    """Build the sensor of an environment; it is running by default unattended, or where a channel is set."""
    is_running = settings.runs_unattended or settings.has_alert_urls or settings.has_critical_alert_urls
    status = dg.DefaultSensorStatus.RUNNING if is_running else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(minimum_interval_seconds=_INTERVAL_SECONDS, default_status=status, description=_DESCRIPTION)
    def alerts_sensor(context: dg.SensorEvaluationContext, alerts: AlertsResource) -> dg.SkipReason:
        telling = Telling(context.instance, get_repository(context), settings)
        try:
            return dg.SkipReason(str(tell_what_is_new(telling, alerts, time.time(), context.log.warning)))
        except LedgerTakenError as error:
            return dg.SkipReason(str(error))

    return alerts_sensor
