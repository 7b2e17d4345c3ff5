"""What was told, what waits to be told, and what is wrong: the memory of alerts, in Dagster's storage.

It is one value in the table where Dagster's daemons keep their cursors, and not the sensor's cursor, which a
person can reset. It is replaced only if it is still what was read, so two daemons never tell the same.
"""

import uuid

import dagster as dg
from pydantic import BaseModel, Field

from sales_assets.monitoring.alerts.alert import Alert
from sales_assets.monitoring.alerts.channels import Channel, choose_channels
from sales_assets.private_apis.instance import read_value, replace_value

KEY = "sales/alerts"
"""The key in the table."""

LEASE_SECONDS = 180.0
"""How long a tick may take; after that its daemon is taken for dead. Dagster ends a tick after a minute."""

LONGEST_SILENCE_SECONDS = 900.0
"""How long no alert is looked for before that itself is an alarm: some ticks may fail or take long."""

MOST_WAITING = 500
"""How many alerts wait at most; more are counted, not kept."""


class LedgerTakenError(Exception):
    """Another daemon is telling alerts, or has done so meanwhile."""


class ChannelState(BaseModel):
    """What happened at a channel.

    Attributes:
        failures: How often sending failed since it last worked.
        next_at: When it is tried again, in seconds since 1970.
        sent_at: When messages were sent, of the last hour.
        held_back: How many alerts were not sent because there were too many.
    """

    failures: int = 0
    next_at: float = 0.0
    sent_at: list[float] = Field(default_factory=list)
    held_back: int = 0


class Waiting(BaseModel):
    """An alert on its way.

    Attributes:
        alert: What to say.
        since: When it came up.
        channels: The names of the channels that do not have it yet.
    """

    alert: Alert
    since: float
    channels: list[str]


class Problem(BaseModel):
    """Something that is wrong and was told, so that it is not told again, and its end is.

    Attributes:
        kind: Such as `run` or `check`.
        subject: An asset, a check, a sensor.
        first: The first day; empty if it has none.
        last: The last day.
        state: What was told of it, such as the severity.
        run_id: The run that showed it; empty if none did.
        since: When.
    """

    kind: str
    subject: str
    first: str = ""
    last: str = ""
    state: str = ""
    run_id: str = ""
    since: float = 0.0

    @property
    def days(self) -> str:
        """The days as people read them; empty if it has none."""
        return format_span(self.first, self.last)


def format_span(first: str, last: str) -> str:
    """The first and the last day or other partition, as people read them; empty if there is none."""
    return first if first == last else f"{first} to {last}"


class Ledger(BaseModel):
    """The memory of alerts.

    Attributes:
        since: Up to when ended runs were looked at, in seconds since 1970.
        seen: The runs and backfills near that time that were looked at, with their ends.
        problems: What is wrong.
        waiting: What is on its way.
        channels: What happened at each channel.
        digest_of: The last day whose digest was told.
        looked_at: When ticks were looked at last.
        up_since: Since when that happened without a pause.
        lease: Until when a tick has it for itself.
        tick: Which one, so that no two values are the same.
    """

    since: float
    seen: dict[str, float] = Field(default_factory=dict)
    problems: list[Problem] = Field(default_factory=list)
    waiting: list[Waiting] = Field(default_factory=list)
    channels: dict[str, ChannelState] = Field(default_factory=dict)
    digest_of: str = ""
    looked_at: float = 0.0
    up_since: float = 0.0
    lease: float = 0.0
    tick: str = ""

    def find(self, kind: str, subject: str, first: str = "", last: str = "") -> Problem | None:
        """The problem of a kind, a subject and some days, if there is one."""
        wanted = (kind, subject, first, last)
        return next((p for p in self.problems if (p.kind, p.subject, p.first, p.last) == wanted), None)

    def replace(self, old: Problem | None, new: Problem) -> None:
        """Remember a problem in place of what was known of it."""
        if old:
            self.problems.remove(old)
        self.problems.append(new)

    def add(self, alert: Alert, channels: list[Channel], now: float) -> bool:
        """Put an alert on its way.

        Returns:
            Whether there is a channel for it.
        """
        names = [channel.name for channel in choose_channels(channels, alert)]
        if len(self.waiting) < MOST_WAITING and names:
            self.waiting.append(Waiting(alert=alert.redacted(), since=now, channels=names))
        elif names:
            for name in names:
                self.channels.setdefault(name, ChannelState()).held_back += 1
        return bool(names)


class LedgerStore:
    """The ledger of an instance, for one tick.

    Args:
        instance: Its storage has the ledger.
    """

    def __init__(self, instance: dg.DagsterInstance):
        self._instance = instance
        self._stored: str | None = None

    def open(self, now: float) -> Ledger:
        """Take the ledger; a new one begins now and tells nothing older.

        Raises:
            LedgerTakenError: Another daemon has it.
        """
        self._stored = read_value(self._instance, KEY)
        ledger = Ledger.model_validate_json(self._stored) if self._stored else Ledger(since=now)
        if ledger.lease > now:
            message = "Another tick is telling alerts; this one leaves them to it."
            raise LedgerTakenError(message)
        ledger.lease, ledger.tick = now + LEASE_SECONDS, uuid.uuid4().hex
        self.save(ledger)
        return ledger

    def save(self, ledger: Ledger) -> None:
        """Store the ledger.

        Raises:
            LedgerTakenError: It is no longer what this tick stored last.
        """
        text = ledger.model_dump_json()
        if not replace_value(self._instance, KEY, self._stored, text):
            message = "Another daemon tells alerts at the same time; this one stops."
            raise LedgerTakenError(message)
        self._stored = text

    def close(self, ledger: Ledger) -> None:
        """Store the ledger, and leave it to the next tick."""
        ledger.lease = 0.0
        self.save(ledger)


def is_told(instance: dg.DagsterInstance, now: float) -> bool:
    """Whether alerts are looked for: a tick ended lately, or none ever began."""
    text = read_value(instance, KEY)
    return text is None or Ledger.model_validate_json(text).looked_at > now - LONGEST_SILENCE_SECONDS
