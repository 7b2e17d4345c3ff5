"""`sales-assets demo-files`: starts the S3 emulator and registers its files as partitions.

`make dev` runs it first, so that the UI lists the files before the sensor's first tick.
"""

from argparse import Namespace

from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.commands.console import open_instance, print_line
from sales_assets.demo.s3.demo_s3 import DemoS3Resource
from sales_assets.errors import RefusedError
from sales_assets.settings import Settings, make_private_folder, settings


def run(_: Namespace) -> int:
    """Register the files. The exit code is always 0: the UI works without them if S3 does not start."""
    make_private_folder(settings().data_dir)  # before Dagster makes it for everyone
    register_demo_files(settings())
    return 0


def register_demo_files(settings: Settings) -> None:
    """Start the S3 emulator, unless a real bucket is set, and add a partition for each of its files."""
    if not settings.uses_demo_s3:
        return
    try:
        s3 = DemoS3Resource(data_dir=str(settings.data_dir), timezone=settings.timezone)
        bucket = s3.open_bucket()
    except RefusedError as error:
        print_line(str(error.description))
        return
    versions, _ = bucket.list_page("")
    with open_instance() as instance:
        partitions = [partition_of_file(version.key) for version in versions]
        instance.add_dynamic_partitions(str(MARKETPLACE_FILES.name), partitions)
    print_line(f"{len(versions)} marketplace files are in {bucket.url(bucket.prefix)} (S3 emulator).")
