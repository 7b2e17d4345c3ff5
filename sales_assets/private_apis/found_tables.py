"""Which tables Dagster's storage has: asked once for each, in any database.

Dagster asks before each evaluation of a check and each batch of tags. A table that is there stays; one that
is missing is asked for again, because a migration may add it.
"""

from dagster._core.storage.event_log import SqlEventLogStorage


class TablesFoundOnce(SqlEventLogStorage):
    """Goes before the class of a database's storage, which has everything else."""

    _found_tables: frozenset[str] = frozenset()

    def has_table(self, table_name: str) -> bool:
        """Whether the event log has a table."""
        unknown = table_name not in self._found_tables
        if unknown and super().has_table(table_name):  # type: ignore[safe-super] # of the database's storage
            self._found_tables |= {table_name}
        return table_name in self._found_tables
