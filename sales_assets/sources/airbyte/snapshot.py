"""The reviewed snapshot of an Airbyte workspace: what loading reads instead of asking a server.

One JSON file per environment, with the connections that belong to us, their selected streams, and no
secret. How a live server is read belongs to `live.py`, what becomes of a snapshot to `assets.py`.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sales_assets.settings import Environment

OURS = "prod_"
"""How the names of the connections begin that are assets."""

FOLDER = Path(__file__).parent / "snapshots"


class SnapshotError(Exception):
    """There is no snapshot that the location could be loaded from."""


@dataclass(frozen=True)
class Stream:
    """A selected stream, which lands as one table.

    Attributes:
        name: In Airbyte; the table's name is the connection's prefix and this.
        schema: The schema where it lands; None if the server does not tell.
        columns: The type of each column in Airbyte's words; empty if the server does not tell.
    """

    name: str
    schema: str | None
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Connection:
    """A connection that is ours.

    Attributes:
        name: In Airbyte, with `prod_`.
        id: Airbyte's id of it.
        prefix: What stands before the name of each of its tables.
        database: The database where its tables land; None if the server does not tell.
        streams: The selected streams, by name.
    """

    name: str
    id: str
    prefix: str
    database: str | None
    streams: tuple[Stream, ...]

    @property
    def short_name(self) -> str:
        """The name without `prod_`: the first part of its assets' keys."""
        return self.name.removeprefix(OURS)

    @property
    def identifier(self) -> str:
        """The short name in letters, digits and underscores, for pools and ops."""
        return re.sub(r"[^A-Za-z0-9]+", "_", self.short_name).strip("_").lower()

    def key_of(self, stream: Stream) -> tuple[str, str]:
        """The key of a stream's asset, and of the dbt source that reads it."""
        return self.short_name, f"{self.prefix}{stream.name}"

    def table_of(self, stream: Stream) -> str:
        """Where a stream lands: database, schema and table, as far as they are known."""
        return ".".join(filter(None, (self.database, stream.schema, f"{self.prefix}{stream.name}")))


@dataclass(frozen=True)
class Snapshot:
    """A workspace's connections that are ours.

    Attributes:
        url: The server's address, for links.
        workspace_id: Airbyte's id of the workspace.
        connections: By name.
    """

    url: str
    workspace_id: str
    connections: tuple[Connection, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot become a graph.

        Raises:
            SnapshotError: It is empty, or two of its tables or connections would have the same name.
        """
        if not self.connections:
            message = f"no connection of workspace {self.workspace_id} has a name that begins with {OURS}"
            raise SnapshotError(message)
        faults = [f"{each.name} has no selected stream" for each in self.connections if not each.streams]
        faults += [f"{each.name!r} is no name" for each in self.connections if not each.identifier]
        faults += _twice(connection.identifier for connection in self.connections)
        faults += _twice("/".join(c.key_of(stream)) for c in self.connections for stream in c.streams)
        if faults:
            raise SnapshotError("; ".join(faults))

    def link(self, connection: Connection) -> str:
        """The page of a connection."""
        return f"{self.url}/workspaces/{self.workspace_id}/connections/{connection.id}"

    def text(self) -> str:
        """The snapshot as it stands in the repository."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def parsed(text: str) -> Snapshot:
    """Read a snapshot's text.

    Raises:
        SnapshotError: It is not one; says where.
    """
    try:
        told = json.loads(text)
        connections = [_connection(each) for each in told["connections"]]
        ordered = tuple(sorted(connections, key=lambda connection: connection.name))
        return Snapshot(url=str(told["url"]), workspace_id=str(told["workspace_id"]), connections=ordered)
    except KeyError as error:
        message = f"it lacks {error}"
    except (AttributeError, TypeError, ValueError) as error:
        message = f"it is no snapshot: {error}"
    raise SnapshotError(message)


def path_of(environment: Environment, folder: Path = FOLDER) -> Path:
    """The file of an environment's snapshot."""
    return folder / f"{environment}.json"


def read(environment: Environment, folder: Path = FOLDER) -> Snapshot:
    """The snapshot of an environment.

    Raises:
        SnapshotError: It is missing or cannot be read; says which command makes it.
    """
    path = path_of(environment, folder)
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read: {error}"
    except SnapshotError as error:
        reason = f"is of no use: {error}"
    message = (
        f"The snapshot of Airbyte's connections, {path}, {reason}. Make it from the live server, with its "
        f"settings in the environment: DAGSTER_DEPLOYMENT={environment} make airbyte-snapshot"
    )
    raise SnapshotError(message) from None


def write(snapshot: Snapshot, path: Path) -> None:
    """Replace a snapshot whole: a reader meets the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.write_text(snapshot.text(), encoding="utf-8")
    scratch.replace(path)


def _connection(told: Mapping[str, Any]) -> Connection:
    streams = [
        Stream(str(each["name"]), each["schema"], dict(sorted(dict(each["columns"]).items())))
        for each in told["streams"]
    ]
    by_name = tuple(sorted(streams, key=lambda stream: stream.name))
    database = told["database"]
    return Connection(str(told["name"]), str(told["id"]), str(told["prefix"]), database, by_name)


def _twice(names: Iterator[str]) -> list[str]:
    return [f"{name} is there twice" for name, count in Counter(names).items() if count > 1]
