"""Reads a live workspace into a snapshot: what Airbyte's two APIs say of connections, in our words.

Both shapes in which Airbyte tells of streams are understood. Nothing here writes a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sales_assets.sources.airbyte.api import AirbyteApi
from sales_assets.sources.airbyte.snapshot import OURS, Connection, Snapshot, Stream

_PAUSED = "inactive"
_DELETED = "deprecated"


def live_snapshot(api: AirbyteApi, url: str) -> Snapshot:
    """What a snapshot of the workspace would be now.

    Args:
        api: The server.
        url: Its address, for links.

    Raises:
        SnapshotError: The workspace has nothing that could be a graph.
    """
    listed = [each for each in api.connections() if str(each.get("name", "")).startswith(OURS)]
    living = [each for each in listed if each.get("status") != _DELETED]
    connections = [_connection(api, each) for each in living]
    with_streams = [connection for connection in connections if connection.streams]
    by_name = tuple(sorted(with_streams, key=lambda connection: connection.name))
    return Snapshot(url=url, workspace_id=api.workspace_id, connections=by_name)


def is_paused(details: Mapping[str, Any] | None) -> bool:
    """Whether somebody paused a connection in Airbyte."""
    return details is not None and details.get("status") == _PAUSED


def selected_streams(details: Mapping[str, Any] | None) -> list[str] | None:
    """The names of the streams that a sync moves; None if the server does not tell."""
    if details is None or not ("syncCatalog" in details or "configurations" in details):
        return None
    return [str(stream["name"]) for stream, _ in _streams(details)]


def _connection(api: AirbyteApi, listed: Mapping[str, Any]) -> Connection:
    id_ = str(listed["connectionId"])
    details = {**listed, **(api.connection(id_) or {})}
    destination = (api.destination(str(details.get("destinationId"))) or {}).get("configuration") or {}
    streams = [
        Stream(
            str(stream["name"]),
            _schema(details, stream, destination),
            dict(sorted(_columns(stream, config).items())),
        )
        for stream, config in _streams(details)
    ]
    return Connection(
        name=str(details["name"]),
        id=id_,
        prefix=details.get("prefix") or "",
        database=destination.get("database") or None,
        streams=tuple(sorted(streams, key=lambda stream: stream.name)),
    )


def _streams(details: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The selected streams with their settings: from the catalog, else from the public API's list of them."""
    if "syncCatalog" in details:
        for each in details["syncCatalog"].get("streams") or []:
            config = each.get("config") or {}
            if config.get("selected", False):
                yield each["stream"], config
        return
    for each in (details.get("configurations") or {}).get("streams") or []:
        yield each, each


def _schema(
    details: Mapping[str, Any], stream: Mapping[str, Any], destination: Mapping[str, Any]
) -> str | None:
    """The schema where a stream lands, by the connection's rule for namespaces."""
    default, source = destination.get("schema"), stream.get("namespace")
    rule = str(details.get("namespaceDefinition") or "destination").replace("_", "")
    if rule == "customformat":
        format_ = str(details.get("namespaceFormat") or "")
        return format_.replace("${SOURCE_NAMESPACE}", source or "") or default
    return (source or default) if rule == "source" else default


def _columns(stream: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, str]:
    """The selected columns with their types in Airbyte's words."""
    schema = stream.get("jsonSchema") or {}
    properties = schema.get("properties") or (schema.get("items") or {}).get("properties") or {}
    columns = {str(name): _type(type_) for name, type_ in properties.items()}
    if not config.get("fieldSelectionEnabled"):
        return columns
    paths: Sequence[Mapping[str, Any]] = config.get("selectedFields") or []
    chosen = {path["fieldPath"][0] for path in paths if path.get("fieldPath")}
    return {name: type_ for name, type_ in columns.items() if name in chosen}


def _type(told: Any) -> str:
    """The most telling of Airbyte's words for a type."""
    if not isinstance(told, Mapping):
        return "unknown"
    plain = told.get("type", "unknown")
    kinds = plain if isinstance(plain, list) else [plain]
    named = [str(kind) for kind in kinds if kind != "null"]
    return str(told.get("airbyte_type") or told.get("format") or " or ".join(named) or "unknown")
