"""The reviewed snapshot of an Airbyte workspace: what the location loads instead of asking a server.

One JSON file per environment, with the connections that become assets, their selected streams, and no secret.
`discovery.py` reads a live server into a snapshot; `airbyte_assets.py` builds assets from one.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, TypeAdapter, ValidationError

from sales_assets.settings import Environment

CONNECTION_PREFIX = "prod_"
"""Connections whose names start with this become assets."""

FOLDER = Path(__file__).parent / "snapshots"

_SORT_BY_NAME = AfterValidator(lambda items: tuple(sorted(items, key=lambda item: item.name)))
_SORT_COLUMNS = AfterValidator(lambda columns: dict(sorted(columns.items())))
"""Parsing sorts, so that a file edited by hand gives the same graph as a written one."""


class SnapshotError(Exception):
    """There is no usable snapshot, so the location cannot be loaded."""


@dataclass(frozen=True)
class Stream:
    """A selected stream, which lands as one table.

    Attributes:
        name: In Airbyte; the table's name is the connection's prefix followed by this.
        schema: The schema where it lands; None if the server does not return it.
        columns: The type of each column in Airbyte's words, sorted; empty if the server does not return them.
    """

    name: str
    schema: str | None
    columns: Annotated[Mapping[str, str], _SORT_COLUMNS]


@dataclass(frozen=True)
class Connection:
    """A connection whose streams are assets.

    Attributes:
        name: In Airbyte, with `prod_`.
        id: Airbyte's id of the connection.
        prefix: Precedes the name of each of its tables.
        database: The database where its tables land; None if the server does not return it.
        streams: The selected streams, sorted by name.
    """

    name: str
    id: str
    prefix: str
    database: str | None
    streams: Annotated[tuple[Stream, ...], _SORT_BY_NAME]

    @property
    def short_name(self) -> str:
        """The name without `prod_`: the first part of its assets' keys."""
        return self.name.removeprefix(CONNECTION_PREFIX)

    @property
    def identifier(self) -> str:
        """The short name in letters, digits and underscores, for pools and ops."""
        return re.sub(r"[^A-Za-z0-9]+", "_", self.short_name).strip("_").lower()

    def build_key(self, stream: Stream) -> tuple[str, str]:
        """The key of a stream's asset, and of the dbt source that reads it."""
        return self.short_name, f"{self.prefix}{stream.name}"

    def format_table(self, stream: Stream) -> str:
        """The full name of a stream's table: database, schema and table, as far as they are known."""
        return ".".join(filter(None, (self.database, stream.schema, f"{self.prefix}{stream.name}")))


@dataclass(frozen=True)
class Snapshot:
    """The connections of a workspace that become assets.

    Attributes:
        url: The server's address, for links.
        workspace_id: Airbyte's id of the workspace.
        connections: Sorted by name.
    """

    url: str
    workspace_id: str
    connections: Annotated[tuple[Connection, ...], _SORT_BY_NAME]

    def __post_init__(self) -> None:
        """Reject a snapshot from which no graph can be built.

        Raises:
            SnapshotError: It is empty, or two of its tables or connections would have the same name.
        """
        if not self.connections:
            message = (
                f"no connection of workspace {self.workspace_id} has a name that begins with "
                f"{CONNECTION_PREFIX}"
            )
            raise SnapshotError(message)
        faults = [f"{each.name} has no selected stream" for each in self.connections if not each.streams]
        faults += [
            f"{each.name!r} has no ASCII letter or digit after {CONNECTION_PREFIX}"
            for each in self.connections
            if not each.identifier
        ]
        faults += _find_duplicates(connection.identifier for connection in self.connections)
        faults += _find_duplicates("/".join(c.build_key(s)) for c in self.connections for s in c.streams)
        if faults:
            raise SnapshotError("; ".join(faults))

    def format_link(self, connection: Connection) -> str:
        """The URL of a connection's page."""
        return f"{self.url}/workspaces/{self.workspace_id}/connections/{connection.id}"

    def to_json(self) -> str:
        """The text of the snapshot's file."""
        return _ADAPTER.dump_json(self, indent=2).decode() + "\n"


_ADAPTER = TypeAdapter(Snapshot)


@cache  # a load of the location needs the same text four times
def parse_snapshot(text: str) -> Snapshot:
    """Parse a snapshot's text.

    Raises:
        SnapshotError: It is not a snapshot; names the faulty entry.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    message = f"it is not a snapshot: {f'{place}: ' if place else ''}{fault['msg']}"
    raise SnapshotError(message)


def snapshot_path(environment: Environment, folder: Path = FOLDER) -> Path:
    """The file of an environment's snapshot."""
    return folder / f"{environment}.json"


def read_snapshot(environment: Environment, folder: Path = FOLDER) -> Snapshot:
    """Read the snapshot of an environment.

    Raises:
        SnapshotError: It is missing or cannot be used; names the command that creates it.
    """
    path = snapshot_path(environment, folder)
    try:
        return parse_snapshot(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read: {error}"
    except SnapshotError as error:
        reason = f"cannot be used: {error}"
    message = (
        f"The snapshot of Airbyte's connections, {path}, {reason}. Create it from the live server, with the "
        f"server's settings in the environment: DAGSTER_DEPLOYMENT={environment} make airbyte-snapshot"
    )
    raise SnapshotError(message) from None


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Replace a snapshot's file atomically: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.write_text(snapshot.to_json(), encoding="utf-8")
    scratch.replace(path)


def _find_duplicates(names: Iterator[str]) -> list[str]:
    return [f"{name} appears twice" for name, count in Counter(names).items() if count > 1]
