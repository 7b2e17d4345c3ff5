"""One alert: what it says, to whom, and how urgent it is. Where it goes belongs to `channels.py`."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from sales_assets.catalog.names import OWNER
from sales_assets.redaction import only_secrets, redact_emails, redact_settings
from sales_assets.settings import our_variables


class Level(StrEnum):
    """How an alert is shown; the names are apprise's."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


class Kind(StrEnum):
    """What an alert is about; each value is the anchor of its section in `docs/runbook.md`."""

    RUN_FAILED = "a-run-failed"
    RUN_UNREADABLE = "a-run-could-not-be-read"
    DAILY_JOB_SUCCEEDED = "the-daily-job-succeeded"
    CHECK_FAILED = "a-check-failed-or-warns"
    DAY_NOT_COMPLETE = "yesterday-is-not-complete"
    NO_ORDERS = "the-erp-has-no-orders"
    TICKS_FAIL = "a-sensor-or-schedule-fails"
    TICKS_MISSING = "a-sensor-or-schedule-does-not-tick"
    BACKFILL_ENDED = "a-backfill-ended"
    APPROVAL = "a-result-waits-for-approval"
    DIGEST = "the-mornings-digest"
    HELD_BACK = "alerts-were-held-back"
    TEST = "a-test"


class Alert(BaseModel):
    """What people are told.

    Attributes:
        kind: What it is about; the end of a problem has the problem's kind.
        title: One sentence.
        lines: What there is to know, one line each.
        level: How it is shown.
        owner: Of the asset that it is about, such as `team:data-platform`.
        is_critical: Whether on-call is told too.
        incident: What it opens, or closes if it is a success, in a service of incidents; empty for none.
        link: URL of the page that shows more; empty for none.
        picture: For services that take pictures, an SVG as base64; empty for none.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    title: str
    lines: tuple[str, ...] = ()
    level: Level = Level.INFO
    owner: str = OWNER
    is_critical: bool = False
    incident: str = ""
    link: str = ""
    picture: str = ""

    def redacted(self) -> "Alert":
        """The alert without secrets and personal data; the link is the project's own and stays."""
        lines = tuple(redact_text(line) for line in self.lines)
        return self.model_copy(update={"title": redact_text(self.title), "lines": lines})

    def format_body(self, runbook_url: str) -> str:
        """Everything but the title, with links to where it happened and to what to do about it.

        Args:
            runbook_url: Of the page with a section for each kind.
        """
        return "\n".join([*self.lines, *filter(None, [self.link]), self.find_section(runbook_url)])

    def find_section(self, runbook_url: str) -> str:
        """The URL of the section that says what to do about it."""
        return f"{runbook_url}#{self.kind}"


def redact_text(text: str) -> str:
    """A text of ours without the secrets of this process and without e-mail addresses."""
    return redact_emails(redact_settings(text, only_secrets(our_variables())))
