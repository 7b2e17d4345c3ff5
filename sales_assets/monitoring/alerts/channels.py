"""The channels of a deployment, and how an alert is sent to one. When belongs to `deliver.py`."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import requests
from pydantic import Field

from sales_assets.errors import UnavailableError
from sales_assets.monitoring.alerts.alert import Alert
from sales_assets.monitoring.alerts.messages import build_message
from sales_assets.monitoring.alerts.pictures import attached
from sales_assets.redaction import cut_text, redact_emails, redact_settings
from sales_assets.settings import RUNBOOK_URL, Settings

_NEXT_URL = re.compile(r"[\s,]+(?=(?:team:[\w.-]+=)?[A-Za-z][\w+]*://)")
_ROUTE = re.compile(r"(team:[\w.-]+)=")

_TIMEOUT_SECONDS = 10

UNKNOWN_URL = "apprise does not know such a URL. Its documentation lists what each service needs."
NOT_INSTALLED = "The package apprise is not installed. Run `pip install -e '.[alerts]'`."


@dataclass(frozen=True)
class Channel:
    """Where alerts go.

    Attributes:
        name: What it is called in logs; never its URL, which is a secret.
        owner: The owner whose alerts it gets; empty if it gets those of everyone without a channel.
        is_critical: Whether it gets critical alerts only.
        url: As apprise reads it.
    """

    name: str
    owner: str
    is_critical: bool
    url: str = field(repr=False)


class AlertsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The resource `alerts`: sends to Slack, Teams, PagerDuty, mail and others by URL.

    Attributes:
        urls: `ALERT_URLS`: URLs as apprise reads them, separated by white space or commas.
        critical_urls: `ALERT_URLS_CRITICAL`: those of on-call.
        heartbeat_url: `HEARTBEAT_URL`: what is called as long as everything runs.
        deployment: What each message starts with, for deployments may share a channel.
        runbook_url: The page with a section for each kind of alert.
    """

    urls: str = Field(default="", repr=False)
    critical_urls: str = Field(default="", repr=False)
    heartbeat_url: str = Field(default="", repr=False)
    deployment: str = "local"
    runbook_url: str = RUNBOOK_URL

    def list_channels(self) -> list[Channel]:
        """The channels in the order of the settings; none if none is set."""
        return [
            *_read_channels("ALERT_URLS", self.urls, is_critical=False),
            *_read_channels("ALERT_URLS_CRITICAL", self.critical_urls, is_critical=True),
        ]

    def find_problem(self, channel: Channel) -> str:
        """Say why nothing could be sent to a channel, without trying; empty if it could."""
        try:
            import apprise  # noqa: PLC0415 - an extra, and 0.7 s that only a message needs
        except ImportError:
            return NOT_INSTALLED
        with _captured_log(apprise):
            return "" if apprise.Apprise().add(channel.url) else UNKNOWN_URL

    def send(self, channel: Channel, alert: Alert) -> str:
        """Send an alert to one channel.

        Returns:
            Why it did not arrive, without a secret; empty if it did.
        """
        if problem := self.find_problem(channel):
            return problem
        import apprise  # noqa: PLC0415 - see above
        from apprise.plugins import url_to_dict  # noqa: PLC0415

        # A new one each time: it would wait seconds between two messages.
        client = apprise.Apprise(asset=apprise.AppriseAsset(app_id="sales_assets"))
        with _captured_log(apprise) as log:
            url = url_to_dict(channel.url)  # type: ignore[no-untyped-call]
            message = build_message(url["schema"], alert.redacted(), self.deployment, self.runbook_url)
            client.add(url | {name: value for name, value in message.options.items() if not url.get(name)})
            with attached(alert.picture) as file:
                arrived = client.notify(
                    message.body, message.title, alert.level.value, body_format=message.format, attach=file
                )
            if arrived:
                return ""
            reason = redact_settings(log.getvalue(), {channel.name.split()[0]: channel.url})
        return cut_text(redact_emails(" ".join(reason.split()))) or "The service did not accept it."

    def call_heartbeat(self) -> None:
        """Call the URL of the heartbeat.

        Raises:
            UnavailableError: It did not answer with success; without the URL, which is a secret.
        """
        try:
            answer = requests.get(self.heartbeat_url, timeout=_TIMEOUT_SECONDS)
            problem = "" if answer.ok else f"status {answer.status_code}"
        except requests.RequestException as error:
            problem = type(error).__name__
        if problem:
            message = f"The heartbeat was not accepted ({problem}). Check HEARTBEAT_URL and its service."
            raise UnavailableError(message)


def build_alerts(settings: Settings) -> AlertsResource:
    """The resource of an environment."""
    urls: dict[str, Any] = {}
    if settings.has_alert_urls:
        urls["urls"] = dg.EnvVar("ALERT_URLS")
    if settings.has_critical_alert_urls:
        urls["critical_urls"] = dg.EnvVar("ALERT_URLS_CRITICAL")
    if settings.has_heartbeat_url:
        urls["heartbeat_url"] = dg.EnvVar("HEARTBEAT_URL")
    return AlertsResource(deployment=str(settings.environment), runbook_url=settings.runbook_url, **urls)


def choose_channels(channels: list[Channel], alert: Alert) -> list[Channel]:
    """The channels of an alert: its owner's, else those of everyone; on-call's too if it is critical."""
    of_team = [channel for channel in channels if not channel.is_critical]
    routed = [channel for channel in of_team if channel.owner == alert.owner]
    chosen = routed or [channel for channel in of_team if not channel.owner]
    return [*chosen, *(channel for channel in channels if channel.is_critical and alert.is_critical)]


def _read_channels(variable: str, text: str, *, is_critical: bool) -> list[Channel]:
    channels = []
    for number, entry in enumerate(filter(None, _NEXT_URL.split(text.strip())), 1):
        route = _ROUTE.match(entry)
        owner, url = (route[1], entry[route.end() :]) if route else ("", entry)
        name = f"{variable} {number} ({_read_service(url)})"
        channels.append(Channel(name, owner, is_critical, url))
    return channels


def _read_service(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator and scheme.isalnum() else "not a URL"


@contextmanager
def _captured_log(apprise: Any) -> Iterator[Any]:
    """What apprise logs goes nowhere else: it has not been redacted."""
    logger = logging.getLogger("apprise")
    before = logger.propagate
    logger.propagate = False
    try:
        with apprise.LogCapture(level=logging.WARNING) as log:
            yield log
    finally:
        logger.propagate = before
