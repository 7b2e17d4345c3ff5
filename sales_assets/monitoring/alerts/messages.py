"""How an alert looks in each service: one form for those with blocks of their own, plain text elsewhere.

Pure functions. apprise makes the service's request of it; `channels.py` sends it.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sales_assets.monitoring.alerts.alert import Alert
from sales_assets.redaction import cut_text

_LONGEST_SLACK_TITLE, _LONGEST_SLACK_BODY = 120, 2500
"""Slack refuses a header of more than 150 characters, and a section of more than 3,000."""

_CODE_OR_BRACKET = re.compile(r"(`[^`]*`)|<")


@dataclass(frozen=True)
class Message:
    """What apprise sends.

    Attributes:
        title: As plain text.
        body: In the format.
        format: How apprise reads the body.
        options: Of apprise's plugin for the service; what the channel's URL says is stronger.
    """

    title: str
    body: str
    format: str = "text"
    options: Mapping[str, Any] = field(default_factory=dict)


def build_message(service: str, alert: Alert, deployment: str, runbook_url: str) -> Message:
    """Build the message of an alert for a service.

    Args:
        service: The scheme of the channel's URL, as apprise reads it.
        alert: What to say, redacted.
        deployment: What the title begins with.
        runbook_url: Of the page with a section for each kind.
    """
    title = f"[{deployment}] {alert.title}"
    links = {**_link(alert), "Runbook": alert.find_section(runbook_url)}
    match service:
        case "slack":
            return _for_slack(title, alert, links)
        case "workflow" | "workflows":
            return Message(title, _to_markdown(alert, links, between="\n\n"), "markdown")
        case "pagerduty":
            return _for_pagerduty(title, alert, links, deployment)
        case "mailto" | "mailtos":
            return Message(title, _to_html(alert, links), "html")
        case _:
            return Message(title, alert.format_body(runbook_url))


def _for_slack(title: str, alert: Alert, links: Mapping[str, str]) -> Message:
    body = _to_markdown(alert, {}, between="\n")
    ends = " · ".join(f"[{name}]({url})" for name, url in links.items())
    return Message(
        cut_text(title, _LONGEST_SLACK_TITLE),
        f"{cut_text(body, _LONGEST_SLACK_BODY)}\n{ends}",
        "markdown",
        {"use_blocks": True},
    )


def _for_pagerduty(title: str, alert: Alert, links: Mapping[str, str], deployment: str) -> Message:
    """The title is the incident's summary; a success closes the incident that the problem has opened."""
    details = {"details": "\n".join(_list_lines(alert)), **links}
    page = next(iter(links.values()))
    options = {"action": "map", "source": deployment, "details": details, "click": page}
    if alert.incident:
        options["dedup"] = f"{deployment} {alert.incident}"
    return Message("", title, options=options)


def _to_markdown(alert: Alert, links: Mapping[str, str], between: str) -> str:
    """Markdown in which a bracket of an error's text opens neither a link nor a mention of everyone."""
    lines = [_CODE_OR_BRACKET.sub(lambda found: found[1] or r"\<", line) for line in _list_lines(alert)]
    return between.join([*lines, *(f"[{name}]({url})" for name, url in links.items())])


def _to_html(alert: Alert, links: Mapping[str, str]) -> str:
    lines = [html.escape(line) for line in _list_lines(alert)]
    # With its address as its text, because in the mail's plain part a link is only its text.
    ends = [f'{name}: <a href="{html.escape(url)}">{html.escape(url)}</a>' for name, url in links.items()]
    return f"<p>{'<br/>'.join(lines)}</p><p>{'<br/>'.join(ends)}</p>"


def _list_lines(alert: Alert) -> list[str]:
    """What there is to know; with the hint where to look if nobody said where the UI is."""
    return [*alert.lines, *([alert.link] if alert.link and not _link(alert) else [])]


def _link(alert: Alert) -> dict[str, str]:
    return {"Open in Dagster": alert.link} if alert.link.startswith("http") else {}
