"""Reads a live workspace into a snapshot: translates the answers of Airbyte's two APIs.

Both formats in which Airbyte returns streams are understood. Nothing here writes a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sales_assets.sources.airbyte.api import AirbyteApi
from sales_assets.sources.airbyte.snapshot import CONNECTION_PREFIX, Connection, Snapshot, Stream

_PAUSED = "inactive"
_DELETED = "deprecated"


def discover_snapshot(api: AirbyteApi, url: str) -> Snapshot:
    """Build the snapshot of the workspace as it is now.

    Args:
        api: The server.
        url: The server's address, for links.

    Raises:
        SnapshotError: The workspace has no connections, or names that clash, so no graph can be built.
    """
    listed = [each for each in api.list_connections() if _is_asset(each)]
    connections = [_read_connection(api, each) for each in listed]
    with_streams = [connection for connection in connections if connection.streams]
    by_name = tuple(sorted(with_streams, key=lambda connection: connection.name))
    return Snapshot(url=url, workspace_id=api.workspace_id, connections=by_name)


def is_paused(details: Mapping[str, Any] | None) -> bool:
    """Whether a connection is paused in Airbyte."""
    return details is not None and details.get("status") == _PAUSED


def list_selected_streams(details: Mapping[str, Any] | None) -> list[str] | None:
    """List the names of the streams that a sync moves; None if the server does not return streams."""
    if details is None or not ("syncCatalog" in details or "configurations" in details):
        return None
    return [str(stream["name"]) for stream, _ in _select_streams(details)]


def _is_asset(listed: Mapping[str, Any]) -> bool:
    is_ours = str(listed.get("name", "")).startswith(CONNECTION_PREFIX)
    return is_ours and listed.get("status") != _DELETED


def _read_connection(api: AirbyteApi, listed: Mapping[str, Any]) -> Connection:
    id_ = str(listed["connectionId"])
    details = {**listed, **(api.get_connection(id_) or {})}
    destination = (api.get_destination(str(details.get("destinationId"))) or {}).get("configuration") or {}
    streams = [
        Stream(
            str(stream["name"]),
            _find_schema(details, stream, destination),
            dict(sorted(_read_columns(stream, config).items())),
        )
        for stream, config in _select_streams(details)
    ]
    return Connection(
        name=str(details["name"]),
        id=id_,
        prefix=details.get("prefix") or "",
        database=destination.get("database") or None,
        streams=tuple(sorted(streams, key=lambda stream: stream.name)),
    )


def _select_streams(details: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The selected streams with their settings: from the catalog, else from the public API's list."""
    if "syncCatalog" in details:
        for each in details["syncCatalog"].get("streams") or []:
            config = each.get("config") or {}
            if config.get("selected", False):
                yield each["stream"], config
        return
    for each in (details.get("configurations") or {}).get("streams") or []:
        yield each, each


def _find_schema(
    details: Mapping[str, Any], stream: Mapping[str, Any], destination: Mapping[str, Any]
) -> str | None:
    """The schema where a stream lands, by the connection's rule for namespaces."""
    default, source = destination.get("schema"), stream.get("namespace")
    rule = str(details.get("namespaceDefinition") or "destination").replace("_", "")
    if rule == "customformat":
        format_ = str(details.get("namespaceFormat") or "")
        return format_.replace("${SOURCE_NAMESPACE}", source or "") or default
    return (source or default) if rule == "source" else default


def _read_columns(stream: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, str]:
    """The selected columns with their types in Airbyte's words."""
    schema = stream.get("jsonSchema") or {}
    properties = schema.get("properties") or (schema.get("items") or {}).get("properties") or {}
    columns = {str(name): _name_type(definition) for name, definition in properties.items()}
    if not config.get("fieldSelectionEnabled"):
        return columns
    paths: Sequence[Mapping[str, Any]] = config.get("selectedFields") or []
    selected = {path["fieldPath"][0] for path in paths if path.get("fieldPath")}
    return {name: type_ for name, type_ in columns.items() if name in selected}


def _name_type(definition: Any) -> str:
    """The most specific of the type names in a column's JSON schema."""
    if not isinstance(definition, Mapping):
        return "unknown"
    json_type = definition.get("type", "unknown")
    json_types = json_type if isinstance(json_type, list) else [json_type]
    without_null = [str(name) for name in json_types if name != "null"]
    specific = definition.get("airbyte_type") or definition.get("format")
    return str(specific or " or ".join(without_null) or "unknown")
