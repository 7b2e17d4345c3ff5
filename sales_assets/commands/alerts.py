"""`sales-assets alerts test`: sends a message to each channel, and says what came of it."""

from argparse import Namespace

from sales_assets.commands.console import print_line
from sales_assets.monitoring.alerts.alert import Alert, Kind
from sales_assets.monitoring.alerts.channels import AlertsResource, Channel, build_alerts
from sales_assets.settings import settings


def run(_: Namespace) -> int:
    """Send to each channel and print the result; the exit code is 1 if a message did not arrive."""
    with build_alerts(settings()).process_config_and_initialize_cm() as alerts:
        channels = alerts.list_channels()
        if not channels:
            print_line("No channel is set, so alerts are only written to the log. Set ALERT_URLS.")
            return 0
        return 0 if all([_test(alerts, channel) for channel in channels]) else 1


def _test(alerts: AlertsResource, channel: Channel) -> bool:
    lines = (f"Alerts arrive here. The channel is {channel.name}.",)
    alert = Alert(kind=Kind.TEST, title="This is a test.", lines=lines)
    reason = alerts.send(channel, alert)
    print_line(f"{'fix' if reason else 'ok '}  {channel.name}: {reason or 'the message was accepted.'}")
    return not reason
