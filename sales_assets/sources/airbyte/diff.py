"""Compares two snapshots, in sentences that tell a reviewer what happens to the graph.

Pure: used by the command that writes a snapshot and by the check that compares it with the server.
"""

from collections.abc import Mapping

from sales_assets.sources.airbyte.snapshot import Connection, Snapshot


def diff_snapshots(before: Snapshot, after: Snapshot) -> dict[str, list[str]]:
    """List the differences between two snapshots.

    Args:
        before: The one in the repository.
        after: The one of the server.

    Returns:
        Sentences by the connection's name; connections without a difference are absent.
    """
    old, new = _by_name(before), _by_name(after)
    changes = {name: _diff_connections(old.get(name), new.get(name)) for name in sorted({*old, *new})}
    return {name: sentences for name, sentences in changes.items() if sentences}


def _by_name(snapshot: Snapshot) -> dict[str, Connection]:
    return {connection.name: connection for connection in snapshot.connections}


def _diff_connections(before: Connection | None, after: Connection | None) -> list[str]:
    if before is None and after is not None:
        return [f"is new, with {', '.join(stream.name for stream in after.streams)}"]
    if before is None or after is None:
        return ["was deleted, renamed, or has no selected streams"]
    old, new = _list_facts(before), _list_facts(after)
    changed = sorted(fact for fact in {*old, *new} if old.get(fact) != new.get(fact))
    return [_describe_change(fact, old, new) for fact in changed]


def _describe_change(fact: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    if fact not in old:
        return f"{fact} is new: {new[fact]}"
    if fact not in new:
        return f"{fact} was removed: {old[fact]}"
    return f"{fact} changed from {old[fact]} to {new[fact]}"


def _list_facts(connection: Connection) -> dict[str, str]:
    """Everything that a snapshot contains about a connection, one fact per entry."""
    facts = {
        "id": connection.id,
        "prefix": connection.prefix or "none",
        "database": connection.database or "unknown",
    }
    for stream in connection.streams:
        facts[f"stream {stream.name}"] = f"in schema {stream.schema or 'unknown'}"
        facts |= {f"stream {stream.name}, column {name}": type_ for name, type_ in stream.columns.items()}
    return facts
