"""The findings of the doctor: something is ok, or there is a problem and what to do about it.

This module also turns errors into findings. Redacting secrets belongs to `redaction.py` and the command.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_MAX_TEXT_LENGTH = 600


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's output.

    Attributes:
        subject: What was checked.
        text: The result of the check.
        remedy: What to do; empty if there is no problem.
    """

    subject: str
    text: str
    remedy: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether there is no problem."""
        return not self.remedy

    def __str__(self) -> str:
        text = self.text if len(self.text) <= _MAX_TEXT_LENGTH else f"{self.text[:_MAX_TEXT_LENGTH]} …"
        line = " ".join(f"{self.subject}: {text} {self.remedy}".split())
        return f"{'ok ' if self.is_ok else 'fix'}  {line}"


@dataclass
class CheckReport:
    """The findings about one subject, in order.

    Attributes:
        subject: What is checked.
        findings: The findings so far.
    """

    subject: str
    findings: list[Finding] = field(default_factory=list)

    def ok(self, text: str) -> None:
        """Add a finding without a problem."""
        self.findings.append(Finding(self.subject, text))

    def problem(self, text: str, remedy: str) -> None:
        """Add a problem.

        Args:
            text: What is wrong.
            remedy: What to do.
        """
        self.findings.append(Finding(self.subject, text, remedy))

    @contextmanager
    def catch_errors(self, remedy: str) -> Iterator[None]:
        """Turn any error into a problem.

        Args:
            remedy: What to do about it; most errors already say so in their text.
        """
        try:
            yield
        except Exception as error:  # of any kind: the doctor goes on with the next check
            reason = str(error) or type(error).__name__
            self.problem(reason if reason.endswith(".") else f"{reason}.", remedy)
