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


class Alert(BaseModel):
    """What people are told.

    Attributes:
        title: One sentence.
        lines: What there is to know, one line each.
        level: How it is shown.
        owner: Of the asset that it is about, such as `team:data-platform`.
        is_critical: Whether on-call is told too.
        link: URL of the page that shows more; empty for none.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    lines: tuple[str, ...] = ()
    level: Level = Level.INFO
    owner: str = OWNER
    is_critical: bool = False
    link: str = ""

    def redacted(self) -> "Alert":
        """The alert without secrets and personal data; the link is the project's own and stays."""
        lines = tuple(_redact(line) for line in self.lines)
        return self.model_copy(update={"title": _redact(self.title), "lines": lines})

    @property
    def body(self) -> str:
        """Everything but the title."""
        return "\n".join([*self.lines, *([self.link] if self.link else [])])


def _redact(text: str) -> str:
    return redact_emails(redact_settings(text, only_secrets(our_variables())))
