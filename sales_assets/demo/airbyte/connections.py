"""The stand-in's workspace: its connections and streams, in the shapes in which Airbyte's two APIs tell them.

What the streams hold is in `rows.py`, and what becomes of a request in `server.py`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_NAMES = uuid.UUID("6f1d2b7e-4c1f-4a52-9a5e-0a1b7c9d2e30")
_CREATED = 1_735_689_600

Json = dict[str, Any]

COLUMNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "accounts": {
            "id": "string",
            "erp_customer_id": "integer",
            "name": "string",
            "acquisition_channel": "string",
            "updated_at": "date-time",
        },
        "contacts": {
            "id": "string",
            "account_id": "string",
            "email": "string",
            "first_name": "string",
            "last_name": "string",
            "updated_at": "date-time",
        },
        "charges": {
            "id": "string",
            "order_id": "integer",
            "amount": "integer",
            "currency": "string",
            "status": "string",
            "created_at": "date-time",
        },
        "refunds": {
            "id": "string",
            "charge_id": "string",
            "amount": "integer",
            "currency": "string",
            "created_at": "date-time",
        },
        "spend": {
            "campaign": "string",
            "channel": "string",
            "day": "date",
            "amount": "integer",
            "currency": "string",
            "clicks": "integer",
            "impressions": "integer",
        },
    }
)
"""The columns of each stream, by JSON type or format."""


def identifier(name: str) -> str:
    """The id of something in this workspace: the same on every machine."""
    return str(uuid.uuid5(_NAMES, name))


WORKSPACE_ID = identifier("workspace")


@dataclass(frozen=True)
class StandInConnection:
    """A connection of the stand-in.

    Attributes:
        name: In Airbyte.
        schema: Where it lands.
        streams: All streams of its source.
        unselected: Those that it does not sync.
        status: `active`, or `inactive` for one that is paused.
        prefix: What stands before the names of its tables.
    """

    name: str
    schema: str
    streams: tuple[str, ...]
    unselected: tuple[str, ...] = ()
    status: str = "active"
    prefix: str = ""

    @property
    def id(self) -> str:
        """Its id."""
        return identifier(self.name)

    @property
    def selected(self) -> tuple[str, ...]:
        """The streams that it syncs."""
        return tuple(stream for stream in self.streams if stream not in self.unselected)

    def public(self) -> Json:
        """As the public API tells it."""
        return {
            "connectionId": self.id,
            "name": self.name,
            "sourceId": identifier(f"source {self.name}"),
            "destinationId": identifier(f"destination {self.name}"),
            "workspaceId": WORKSPACE_ID,
            "status": self.status,
            "schedule": {"scheduleType": "manual"},
            "nonBreakingSchemaUpdatesBehavior": "ignore",
            "namespaceDefinition": "destination",
            "prefix": self.prefix,
            "createdAt": _CREATED,
            "tags": [],
            "configurations": {
                "streams": [{"name": name, "syncMode": "full_refresh_overwrite"} for name in self.selected]
            },
        }

    def detailed(self) -> Json:
        """As the configuration API tells it, with the columns of each stream."""
        shared = ("connectionId", "name", "sourceId", "destinationId", "workspaceId", "status", "prefix")
        told = {name: value for name, value in self.public().items() if name in shared}
        streams = [
            {
                "stream": {"name": name, "jsonSchema": _schema(name)},
                "config": {"selected": name in self.selected, "aliasName": name, "syncMode": "full_refresh"},
            }
            for name in self.streams
        ]
        return {**told, "namespaceDefinition": "destination", "syncCatalog": {"streams": streams}}

    def destination(self, database: str) -> Json:
        """Its destination, as the public API tells it."""
        return {
            "destinationId": identifier(f"destination {self.name}"),
            "name": f"warehouse, schema {self.schema}",
            "destinationType": "duckdb",
            "definitionId": identifier("destination definition"),
            "workspaceId": WORKSPACE_ID,
            "createdAt": _CREATED,
            "configuration": {
                "destinationType": "duckdb",
                "destination_path": database,
                "schema": self.schema,
            },
        }


CONNECTIONS = (
    StandInConnection("prod_ads", "ads", ("spend",)),
    StandInConnection("prod_crm", "crm", ("accounts", "contacts")),
    StandInConnection("prod_payments", "payments", ("charges", "refunds")),
    StandInConnection("staging_crm", "crm_staging", ("accounts", "contacts")),
)


def _schema(stream: str) -> Json:
    return {"type": "object", "properties": {name: _type(type_) for name, type_ in COLUMNS[stream].items()}}


def _type(type_: str) -> Json:
    if type_ == "date-time":
        return {
            "type": ["null", "string"],
            "format": type_,
            "airbyte_type": "timestamp_with_timezone",
        }
    return {"type": ["null", "string"], "format": type_} if type_ == "date" else {"type": ["null", type_]}
