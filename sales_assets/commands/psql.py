"""`sales-assets psql [SQL]`: opens the embedded ERP as the owner of its tables, to look or break things."""

import os
from argparse import Namespace
from typing import NoReturn

from sales_assets.demo.erp.demo_erp import erp_folder, start_demo_erp
from sales_assets.demo.erp.postgres_server import find_psql, start_server
from sales_assets.demo.seeded_days import find_yesterday
from sales_assets.errors import RefusedError
from sales_assets.settings import Settings, settings


def run(options: Namespace) -> NoReturn:
    """Become psql, which runs the statements, or waits for some if there are none."""
    command = build_psql_command(settings())
    if options.sql:
        command += ["--command", options.sql]
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def build_psql_command(settings: Settings) -> list[str]:
    """Start the embedded ERP, and build the command that opens it.

    Raises:
        RefusedError: Another ERP is used.
    """
    if not settings.uses_demo_erp:
        message = (
            "Only the embedded ERP is opened, and ERP_POSTGRES_URL or DAGSTER_DEPLOYMENT names another one. "
            "No stored data was changed. Unset them, or open your ERP with psql and its own URL."
        )
        raise RefusedError(message)
    start_demo_erp(settings.data_dir, find_yesterday(settings.timezone), settings.timezone)
    url = start_server(erp_folder(settings.data_dir))
    return [os.fspath(find_psql()), url, "--set=ON_ERROR_STOP=1"]
