"""Sends what waits: each channel on its own, again after a failure, and not more than a person can read.

A message counts as sent as soon as its channel took it, and that is stored before the next one is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sales_assets.monitoring.alerts.alert import Alert, Kind, Level
from sales_assets.monitoring.alerts.channels import Channel
from sales_assets.monitoring.alerts.ledger import ChannelState, Ledger

MOST_PER_HOUR = 30
"""How many messages a channel gets in an hour; the others are counted, and the number is told."""

GIVE_UP_SECONDS = 86_400.0
FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 3_600.0


@dataclass
class Delivery:
    """The delivery of one tick.

    Attributes:
        ledger: Has what waits.
        save: Stores the ledger.
        send: Sends to a channel, and returns why that failed or nothing.
        log: Takes a sentence about what did not arrive.
        now: When the tick began, in seconds since 1970.
        has_time: Whether the tick may send another message.
    """

    ledger: Ledger
    save: Callable[[Ledger], None]
    send: Callable[[Channel, Alert], str]
    log: Callable[[str], None]
    now: float
    has_time: Callable[[], bool]

    def run(self, channels: list[Channel]) -> int:
        """Send to each channel what waits for it.

        Args:
            channels: The channels as they are set now; what waits for another one is dropped.

        Returns:
            How many messages were sent.
        """
        self._drop_old({channel.name for channel in channels})
        sent = sum(self._serve(channel) for channel in channels)
        self.ledger.waiting = [each for each in self.ledger.waiting if each.channels]
        return sent

    def _serve(self, channel: Channel) -> int:
        """Send to one channel until it fails, and return how many messages it took."""
        state = self.ledger.channels.setdefault(channel.name, ChannelState())
        state.sent_at = [at for at in state.sent_at if at > self.now - 3_600]
        if state.next_at > self.now:
            return 0
        sent = 0
        if state.held_back and len(state.sent_at) < MOST_PER_HOUR:
            if not self._try(channel, state, _describe_held_back(state.held_back)):
                return 0
            state.held_back, sent = 0, 1
            self.save(self.ledger)
        for each in [each for each in self.ledger.waiting if channel.name in each.channels]:
            if len(state.sent_at) >= MOST_PER_HOUR:
                state.held_back += 1
            elif not self.has_time() or not self._try(channel, state, each.alert):
                break
            else:
                sent += 1
            each.channels.remove(channel.name)
            self.save(self.ledger)
        return sent

    def _try(self, channel: Channel, state: ChannelState, alert: Alert) -> bool:
        reason = self.send(channel, alert)
        if not reason:
            state.failures, state.next_at = 0, 0.0
            state.sent_at.append(self.now)
            return True
        pause = min(FIRST_PAUSE_SECONDS * 2**state.failures, LONGEST_PAUSE_SECONDS)
        state.failures, state.next_at = state.failures + 1, self.now + pause
        self.log(f"{channel.name} did not take an alert. It is tried again in {pause / 60:.0f} min. {reason}")
        self.save(self.ledger)
        return False

    def _drop_old(self, names: set[str]) -> None:
        for each in self.ledger.waiting:
            if each.since < self.now - GIVE_UP_SECONDS:
                missed = ", ".join(each.channels)
                self.log(f"Given up after a day: {missed} did not take the alert: {each.alert.title}")
                each.channels = []
            each.channels = [name for name in each.channels if name in names]
        self.ledger.waiting = [each for each in self.ledger.waiting if each.channels]


def _describe_held_back(count: int) -> Alert:
    return Alert(
        kind=Kind.HELD_BACK,
        title=f"{count} alert(s) were held back, because there were more than {MOST_PER_HOUR} in an hour.",
        lines=("Dagster's UI shows all runs and checks.",),
        level=Level.WARNING,
    )
