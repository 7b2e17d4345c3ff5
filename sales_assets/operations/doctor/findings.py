"""What a check of the doctor says: a thing is well, or what to do about it.

How errors become findings belongs here; how secrets are kept out of them belongs to `masking.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_LONGEST = 600


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        subject: What was looked at.
        text: How it is.
        remedy: What to do; empty if it is well.
    """

    subject: str
    text: str
    remedy: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be done."""
        return not self.remedy

    def __str__(self) -> str:
        text = self.text if len(self.text) <= _LONGEST else f"{self.text[:_LONGEST]} …"
        words = " ".join(f"{self.subject}: {text} {self.remedy}".split())
        return f"{'ok ' if self.is_well else 'fix'}  {words}"


@dataclass
class Notes:
    """What is found about one subject, in order.

    Attributes:
        subject: What is looked at.
        findings: What was found.
    """

    subject: str
    findings: list[Finding] = field(default_factory=list)

    def well(self, text: str) -> None:
        """Note that something is as it should be."""
        self.findings.append(Finding(self.subject, text))

    def fix(self, text: str, remedy: str) -> None:
        """Note that something is not.

        Args:
            text: How it is.
            remedy: What to do.
        """
        self.findings.append(Finding(self.subject, text, remedy))

    @contextmanager
    def looking(self, remedy: str) -> Iterator[None]:
        """Make of an error a finding.

        Args:
            remedy: What to do if it happens; most errors say so themselves.
        """
        try:
            yield
        except Exception as error:  # whatever it is, the doctor goes on with the next thing
            reason = str(error) or type(error).__name__
            self.fix(reason if reason.endswith(".") else f"{reason}.", remedy)
