"""The doctor's look at the channels of alerts. It sends nothing: `sales-assets alerts test` does."""

from sales_assets.monitoring.alerts.channels import build_alerts
from sales_assets.operations.doctor.findings import CheckReport, Finding
from sales_assets.settings import Settings


def check_channels(settings: Settings) -> list[Finding]:
    """Report each channel whose URL cannot work, and whether there is any."""
    report = CheckReport("Alerts")
    with (
        report.catch_errors("Correct ALERT_URLS and ALERT_URLS_CRITICAL."),
        build_alerts(settings).process_config_and_initialize_cm() as alerts,
    ):
        channels = alerts.list_channels()
        for channel in channels:
            if problem := alerts.find_problem(channel):
                report.problem(f"{channel.name}: {problem}", "Then run `sales-assets alerts test`.")
            else:
                report.ok(f"{channel.name} is understood; `sales-assets alerts test` sends to it.")
        if not channels and settings.runs_unattended:
            report.problem("Nobody is told of failures.", "Set ALERT_URLS; .env.example explains it.")
        elif not channels:
            report.ok("No channel is set; alerts are written to the log.")
    return report.findings
