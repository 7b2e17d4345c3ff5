"""The emulator's workspace: its connections and streams, in the formats of Airbyte's two APIs.

`rows.py` generates the rows of the streams, `airbyte_server.py` answers requests.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_NAMESPACE = uuid.UUID("6f1d2b7e-4c1f-4a52-9a5e-0a1b7c9d2e30")
_CREATED = 1_735_689_600

Json = dict[str, Any]

STREAM_COLUMNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
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


def build_id(name: str) -> str:
    """Build the id of an object in this workspace: the same on every machine."""
    return str(uuid.uuid5(_NAMESPACE, name))


WORKSPACE_ID = build_id("workspace")

WORKSPACE: Json = {
    "workspaceId": WORKSPACE_ID,
    "name": "local",
    "dataResidency": "auto",
    "notifications": {},
}
"""The workspace as the public API returns it."""


@dataclass(frozen=True)
class EmulatedConnection:
    """A connection of the emulator.

    Attributes:
        name: In Airbyte.
        schema: The schema where it lands.
        streams: All streams of its source.
        unselected: The streams that it does not sync.
        status: `active`, or `inactive` if it is paused.
        prefix: Precedes the names of its tables.
    """

    name: str
    schema: str
    streams: tuple[str, ...]
    unselected: tuple[str, ...] = ()
    status: str = "active"
    prefix: str = ""

    @property
    def id(self) -> str:
        """Airbyte's id of the connection."""
        return build_id(self.name)

    @property
    def selected(self) -> tuple[str, ...]:
        """The streams that it syncs."""
        return tuple(stream for stream in self.streams if stream not in self.unselected)

    def to_public_json(self) -> Json:
        """The connection as the public API returns it."""
        return {
            "connectionId": self.id,
            "name": self.name,
            "sourceId": build_id(f"source {self.name}"),
            "destinationId": build_id(f"destination {self.name}"),
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

    def to_config_json(self) -> Json:
        """The connection as the configuration API returns it, with the columns of each stream."""
        shared = ("connectionId", "name", "sourceId", "destinationId", "workspaceId", "status", "prefix")
        fields = {name: value for name, value in self.to_public_json().items() if name in shared}
        streams = [
            {
                "stream": {"name": name, "jsonSchema": _build_schema(name)},
                "config": {"selected": name in self.selected, "aliasName": name, "syncMode": "full_refresh"},
            }
            for name in self.streams
        ]
        return {**fields, "namespaceDefinition": "destination", "syncCatalog": {"streams": streams}}

    def destination_to_json(self, database: str) -> Json:
        """The connection's destination as the public API returns it."""
        return {
            "destinationId": build_id(f"destination {self.name}"),
            "name": f"warehouse, schema {self.schema}",
            "destinationType": "duckdb",
            "definitionId": build_id("destination definition"),
            "workspaceId": WORKSPACE_ID,
            "createdAt": _CREATED,
            "configuration": {
                "destinationType": "duckdb",
                "destination_path": database,
                "schema": self.schema,
            },
        }


CONNECTIONS = (
    EmulatedConnection("prod_ads", "ads", ("spend",)),
    EmulatedConnection("prod_crm", "crm", ("accounts", "contacts")),
    EmulatedConnection("prod_payments", "payments", ("charges", "refunds")),
    EmulatedConnection("staging_crm", "crm_staging", ("accounts", "contacts")),
)


def _build_schema(stream: str) -> Json:
    return {
        "type": "object",
        "properties": {name: _build_type(type_) for name, type_ in STREAM_COLUMNS[stream].items()},
    }


def _build_type(type_: str) -> Json:
    if type_ == "date-time":
        return {
            "type": ["null", "string"],
            "format": type_,
            "airbyte_type": "timestamp_with_timezone",
        }
    return {"type": ["null", "string"], "format": type_} if type_ == "date" else {"type": ["null", type_]}
