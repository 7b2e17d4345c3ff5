"""Production's records in PostgreSQL: Dagster's storage, whose event log keeps its connection.

Dagster's own connects anew for each event, of which a day has five hundred, stores what a run plans event by
event, and compiles the statement of each batch anew. The instance of a deployment names this class; the
tables are Dagster's own. What a planned check is, for any database, is in `planned_checks.py`; the laptop's
event log in `event_log.py`.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from dagster_postgres.utils import create_pg_engine, get_token_provider_from_config, pg_url_from_config

from sales_assets.private_apis.event_log import BATCH_SIZE, STORED_TOGETHER, store_in_index
from sales_assets.private_apis.found_tables import TablesFoundOnce
from sales_assets.private_apis.planned_checks import OneRowForEachPlannedCheck
from sales_assets.settings import set_default


class LastingPostgresEventLogStorage(TablesFoundOnce, OneRowForEachPlannedCheck, PostgresEventLogStorage):
    """Keeps one connection open in each process that stores events, and opens others while it is in use.

    A connection that broke, as when the server was restarted, is replaced before it is used again. Events
    come in batches, unless the environment says otherwise: a range of days takes twice the time without.
    """

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self._engine = create_pg_engine(
            self.postgres_url,
            self._token_provider,
            isolation_level="AUTOCOMMIT",
            pool_size=1,
            max_overflow=10,
            pool_pre_ping=True,
        )
        set_default("DAGSTER_EVENT_BATCH_SIZE", str(BATCH_SIZE))

    def dispose(self) -> None:
        """Close the connections; they open again when they are used."""
        super().dispose()
        self._engine.dispose()

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store the events of a run: of assets and planned checks in one transaction, as on a laptop."""
        together = [event for event in events if event.dagster_event_type in STORED_TOGETHER]
        if together:
            store_in_index(self, together)
        others = [event for event in events if event.dagster_event_type not in STORED_TOGETHER]
        if others:
            super().store_event_batch(others)


class LastingPostgresStorage(DagsterPostgresStorage):
    """Dagster's storage in PostgreSQL, configured in the same way, with the event log above."""

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: Any = None,
        token_provider: Any = None,
    ):
        super().__init__(postgres_url, should_autocreate_tables, inst_data, token_provider)
        self._event_log_storage = LastingPostgresEventLogStorage(
            postgres_url, should_autocreate_tables, token_provider=token_provider
        )

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "LastingPostgresStorage":
        """Build the storage from the config in `dagster.yaml`; the base class would build its own type."""
        return cls(
            pg_url_from_config(config_value),
            config_value.get("should_autocreate_tables", True),
            inst_data,
            get_token_provider_from_config(config_value),
        )
