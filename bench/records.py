"""Dagster's records in PostgreSQL, as production keeps them; on the server that has the benchmarks' ERP."""

from contextlib import closing

from adbc_driver_postgresql import dbapi

_PRODUCTIONS = {
    "module": "sales_assets.private_apis.postgres_storage",
    "class": "LastingPostgresStorage",
}


def create_database(server: str, name: str) -> str:
    """Create an empty database, in place of one that has the name; returns its URL.

    Args:
        server: The URL of another database of the server, for its administrator.
        name: The database.
    """
    with (
        closing(dbapi.connect(server, autocommit=True)) as connection,
        closing(connection.cursor()) as cursor,
    ):
        cursor.execute(f"drop database if exists {name} with (force)")
        cursor.execute(f"create database {name}")
    return server.replace("/postgres?", f"/{name}?")


def keep_records_in(url: str, instance: dict[str, object]) -> dict[str, object]:
    """Return the content of a `dagster.yaml`, with production's storage in a database."""
    kept = {key: value for key, value in instance.items() if not key.endswith("_storage")}
    return {**kept, "storage": {"custom": {**_PRODUCTIONS, "config": {"postgres_url": url}}}}
