"""How an alert looks in Slack, Teams, PagerDuty and mail: what apprise sends, as a reviewed snapshot."""

import email
import json
from email.message import Message
from typing import Any
from unittest.mock import patch

import pytest

from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.channels import AlertsResource
from sales_assets.settings import ROOT

LATE = Alert(
    kind=Kind.DAY_NOT_COMPLETE,
    title="Gold is not complete for 2025-01-15, so reports may be wrong.",
    lines=("gold/fct_orders  missing  1 day(s): <!channel>", "Run `make repair RUN=1`, then look again."),
    level=Level.FAILURE,
    incident="yesterday",
    link="https://dagster.example.com/runs/1",
)
COMPLETE = LATE.model_copy(update={"title": "Gold is complete for 2025-01-15 now.", "level": Level.SUCCESS})
NO_LINK = LATE.model_copy(update={"link": "Run 1 in Dagster's UI."})

URLS = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#sales",
    "teams": "workflow://host.example.com/workflow/signature",
    "pagerduty": "pagerduty://integration@key",
    "mail": "mailto://user:password@example.com",
}


class Answer:
    """What a service answers that took the message."""

    status_code, content = 200, b"ok"


def send(url: str, alert: Alert) -> Any:
    """What arrives at the service: its JSON, or a mail's parts."""
    resource = AlertsResource(urls=url, deployment="prod", runbook_url="https://wiki.example.com/runbook")
    [channel] = resource.list_channels()
    answer = Answer()
    with (
        patch("requests.post", return_value=answer) as post,
        patch("requests.request", return_value=answer) as request,
        patch("smtplib.SMTP") as smtp,
    ):
        smtp.return_value.sendmail.return_value = {}
        assert resource.send(channel, alert) == ""
    if smtp.called:
        return read_mail(email.message_from_string(smtp.return_value.sendmail.call_args.args[2]))
    return json.loads((post.call_args or request.call_args).kwargs["data"])


def read_mail(mail: Message) -> dict[str, Any]:
    parts = [part for part in mail.walk() if not part.is_multipart()]
    texts = {part.get_content_type(): part.get_payload(decode=True).decode().splitlines() for part in parts}  # type: ignore[union-attr]
    return {"Subject": mail["Subject"], **texts}


@pytest.mark.parametrize("service", list(URLS))
def test_an_alert_looks_as_it_was_reviewed(service: str) -> None:
    snapshot = json.loads((ROOT / "sales_assets_tests" / "snapshots" / "messages.json").read_text())
    assert send(URLS[service], LATE) == snapshot[service]


def test_a_success_closes_the_incident_that_its_problem_opened_and_no_other() -> None:
    opened, closed = send(URLS["pagerduty"], LATE), send(URLS["pagerduty"], COMPLETE)
    assert (opened["event_action"], closed["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == closed["dedup_key"] == "prod yesterday"
    other = send(URLS["pagerduty"], LATE.model_copy(update={"incident": ""}))
    assert other["dedup_key"] != opened["dedup_key"]


def test_without_the_address_of_the_ui_a_message_says_where_to_look() -> None:
    assert all("Run 1 in Dagster's UI." in json.dumps(send(url, NO_LINK)) for url in URLS.values())


def test_slack_gets_no_more_than_it_takes_and_the_urls_options_win() -> None:
    long = LATE.model_copy(update={"title": "t" * 400, "lines": ("l" * 9_000,)})
    header, section, *_ = send(URLS["slack"], long)["attachments"][0]["blocks"]
    assert len(header["text"]["text"]) <= 150
    assert len(section["text"]["text"]) <= 3_000
    assert "runbook#yesterday" in section["text"]["text"]
    assert send(f"{URLS['pagerduty']}?dedup=mine", LATE)["dedup_key"] == "mine"
