"""What differs between two snapshots, said so that a reviewer knows what happens to the graph.

Pure: used by the command that writes a snapshot and by the check that compares it with the server.
"""

from collections.abc import Mapping

from sales_assets.sources.airbyte.snapshot import Connection, Snapshot


def diff_snapshots(before: Snapshot, after: Snapshot) -> dict[str, list[str]]:
    """What has to be changed in one snapshot to get the other.

    Args:
        before: The one in the repository.
        after: The one of the server.

    Returns:
        Sentences by the connection's name; nothing for a connection that is the same in both.
    """
    old, new = _by_name(before), _by_name(after)
    found = {name: _changes(old.get(name), new.get(name)) for name in sorted({*old, *new})}
    return {name: changes for name, changes in found.items() if changes}


def _by_name(snapshot: Snapshot) -> dict[str, Connection]:
    return {connection.name: connection for connection in snapshot.connections}


def _changes(before: Connection | None, after: Connection | None) -> list[str]:
    if before is None and after is not None:
        return [f"is new, with {', '.join(stream.name for stream in after.streams)}"]
    if before is None or after is None:
        return ["is gone, or no longer has this name or a selected stream"]
    old, new = _facts(before), _facts(after)
    return [
        _change(fact, old.get(fact), new.get(fact))
        for fact in sorted({*old, *new})
        if _differ(old, new, fact)
    ]


def _differ(old: Mapping[str, str], new: Mapping[str, str], fact: str) -> bool:
    return old.get(fact) != new.get(fact)


def _change(fact: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"{fact} is new: {after}"
    return f"{fact} is gone: {before}" if after is None else f"{fact} was {before}, is {after}"


def _facts(connection: Connection) -> dict[str, str]:
    """Everything that a connection's part of a snapshot says, one fact a line."""
    facts = {
        "id": connection.id,
        "prefix": connection.prefix or "none",
        "database": connection.database or "unknown",
    }
    for stream in connection.streams:
        facts[f"stream {stream.name}"] = f"in schema {stream.schema or 'unknown'}"
        facts |= {f"stream {stream.name}, column {name}": type_ for name, type_ in stream.columns.items()}
    return facts
