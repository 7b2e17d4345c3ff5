"""Results that wait for a person: what is held back and what was approved, as observations of the asset.

Which results need a person belongs to the checks that hold them back. An entry belongs to no run, so that it
stays when old runs are deleted.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

import dagster as dg

from sales_assets.catalog.names import CHURN_SCORES_KEY, FORECAST_MODEL_KEY, MONTHLY_REVENUE_KEY
from sales_assets.catalog.records import MAX_RECORDS
from sales_assets.errors import RefusedError

APPROVED_ASSETS = (MONTHLY_REVENUE_KEY, FORECAST_MODEL_KEY, CHURN_SCORES_KEY)
"""The assets of which something may wait for a person."""

_APPROVAL = "sales/approval"
"""Metadata of an observation: the state of an entry."""


class State(StrEnum):
    """What an entry says of its subject."""

    PUBLISHED = "published"
    HELD_BACK = "held back"
    APPROVED = "approved"
    RELEASED = "released"


@dataclass(frozen=True)
class Entry:
    """One decision about a result.

    Attributes:
        subject: What of the asset it is about, such as a month or a model.
        state: The decision.
        content: The result's content, such as a month's revenue: another content needs another approval.
        reason: Why, as sentences.
        by: Who approved it; empty otherwise.
    """

    subject: str
    state: State
    content: str
    reason: str
    by: str = ""


def record_entry(instance: dg.DagsterInstance, asset: dg.AssetKey, entry: Entry) -> None:
    """Record an entry; it is seen in the catalog, at the asset."""
    values = {name: str(value) for name, value in asdict(entry).items() if name != "state"}
    metadata = {_APPROVAL: str(entry.state), **values}
    instance.report_runless_asset_event(dg.AssetObservation(asset, metadata=metadata))


def read_entries(instance: dg.DagsterInstance, asset: dg.AssetKey) -> dict[str, list[Entry]]:
    """Read the entries of an asset by subject, latest first."""
    entries: dict[str, list[Entry]] = {}
    for record in instance.fetch_observations(asset, limit=MAX_RECORDS).records:
        observation = record.asset_observation
        if observation is None or _APPROVAL not in observation.metadata:
            continue
        values = {name: str(value.value) for name, value in observation.metadata.items()}
        entry = Entry(state=State(values.pop(_APPROVAL)), **values)
        entries.setdefault(entry.subject, []).append(entry)
    return entries


def find_published(entries: Iterable[Entry]) -> Entry | None:
    """The entry with the content that is published, or is approved to be; None if none was recorded."""
    return next((each for each in entries if each.state in (State.PUBLISHED, State.APPROVED)), None)


def find_held_back(instance: dg.DagsterInstance, asset: dg.AssetKey) -> dict[str, Entry]:
    """Find what of an asset waits for a person, by subject."""
    latest = {subject: entries[0] for subject, entries in read_entries(instance, asset).items()}
    return {subject: entry for subject, entry in latest.items() if entry.state is State.HELD_BACK}


def note_judgement(
    instance: dg.DagsterInstance, asset: dg.AssetKey, subject: str, content: str, reason: str
) -> bool:
    """Note whether a new result waits for a person.

    Args:
        instance: Has the entries.
        asset: The asset.
        subject: What of it.
        content: What the result is, such as a model's version.
        reason: What speaks against it, as sentences; empty if nothing does.

    Returns:
        Whether it waits. It does not if it was approved with the same content.
    """
    latest = next(iter(read_entries(instance, asset).get(subject, [])), None)
    if latest and latest.state is State.APPROVED and latest.content == content:
        return False
    held = Entry(subject, State.HELD_BACK, content, reason)
    if reason and latest != held:
        record_entry(instance, asset, held)
    elif not reason and latest and latest.state is State.HELD_BACK:
        record_entry(instance, asset, Entry(subject, State.RELEASED, content, "A later one passed."))
    return bool(reason)


def record_approval(
    instance: dg.DagsterInstance, asset: dg.AssetKey, subject: str, *, by: str, why: str
) -> Entry:
    """Approve what is held back, as it is now: if its content changes again, it needs another approval.

    Args:
        instance: Records the approval.
        asset: The asset.
        subject: What of it.
        by: Who approves.
        why: The reason.

    Returns:
        What was held back.

    Raises:
        RefusedError: Nothing of that name is held back, or it is not said who approves and why.
    """
    held_back = find_held_back(instance, asset)
    if subject not in held_back:
        waiting = (
            f"These wait: {', '.join(sorted(held_back))}." if held_back else "Nothing waits for approval."
        )
        message = f"{asset.to_user_string()} {subject!r} does not wait for approval. {waiting}"
        raise RefusedError(message)
    if not by.strip() or not why.strip():
        message = "An approval needs a name and a reason. Nothing was approved."
        raise RefusedError(message)
    held = held_back[subject]
    record_entry(instance, asset, Entry(subject, State.APPROVED, held.content, why.strip(), by.strip()))
    return held
