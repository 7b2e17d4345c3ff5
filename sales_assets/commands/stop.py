"""`sales-assets stop`: stops the embedded ERP and the emulators of Airbyte and S3."""

from argparse import Namespace

from sales_assets.commands.console import print_line
from sales_assets.demo.airbyte.process import stop_airbyte_emulators
from sales_assets.demo.erp.demo_erp import erp_folder
from sales_assets.demo.erp.postgres_server import stop_server
from sales_assets.demo.s3.demo_s3 import stop_demo_s3
from sales_assets.settings import settings


def run(_: Namespace) -> int:
    """Stop all local servers; the exit code is always 0."""
    data_dir = settings().data_dir
    stop_server(erp_folder(data_dir))
    stop_airbyte_emulators(data_dir)
    stop_demo_s3(data_dir)
    print_line(
        "Stopped the embedded ERP and the emulators of Airbyte and S3. Their data is kept for the next start."
    )
    return 0
