"""Dagster's records in PostgreSQL, as production keeps them; on the server that has the benchmarks' ERP."""

from contextlib import closing
from pathlib import Path

import yaml
from adbc_driver_postgresql import dbapi

from sales_assets.settings import ROOT


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


def keep_records_in(url: str, home: Path) -> None:
    """Write a copy's `dagster.yaml`: the laptop's, with production's storage in a database."""
    laptop, production = (
        yaml.safe_load((ROOT / name).read_text())
        for name in ("dagster.yaml", "deploy/dagster/production.yaml")
    )
    kept = {key: value for key, value in laptop.items() if not key.endswith("_storage")}
    storage = {"custom": {**production["storage"]["custom"], "config": {"postgres_url": url}}}
    (home / "dagster.yaml").write_text(yaml.safe_dump({**kept, "storage": storage}))
