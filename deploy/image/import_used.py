"""Imports the libraries that the services and their runs import, so that Python writes bytecode of no others.

Bytecode of everything would be 300 MB, and without any each process would compile for half a minute: its user
may not write it. Only the image's build runs this.
"""

import importlib

_USED = [
    "adbc_driver_manager.dbapi",
    "adbc_driver_postgresql",
    "altair",
    "apprise",
    "dagster._daemon.cli",
    "dagster._grpc.server",
    "dagster_aws.s3",
    "dagster_k8s",
    "dagster_postgres",
    "dagster_webserver.cli",
    "dbt.adapters.snowflake",
    "dbt.cli.main",
    "duckdb",
    "prometheus_client",
    "pyiceberg.catalog.rest",
    "pyiceberg.catalog.sql",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_impl",
    "vl_convert",
]

for module in _USED:
    importlib.import_module(module)
