"""`sales-assets demo-files`: starts the local S3 and registers its files as partitions.

`make dev` calls it first, so that the catalog offers the files before the sensor ever ran.
"""

from argparse import Namespace

from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.commands.console import open_instance, print_line
from sales_assets.demo.s3.demo_s3 import DemoS3Resource
from sales_assets.errors import RefusedError
from sales_assets.settings import Settings, settings


def run(_: Namespace) -> int:
    """Register the files; the exit code is 0 even if S3 cannot be started: the catalog opens all the same."""
    register_demo_files(settings())
    return 0


def register_demo_files(settings: Settings) -> None:
    """Start the local S3, if it is used instead of a real bucket, and make each of its files a partition."""
    if not settings.uses_demo_s3:
        return
    try:
        bucket = DemoS3Resource(data_dir=str(settings.data_dir), timezone=settings.timezone).files()
    except RefusedError as error:
        print_line(str(error.description))
        return
    versions, _ = bucket.page("")
    with open_instance() as instance:
        partitions = [partition_of_file(version.key) for version in versions]
        instance.add_dynamic_partitions(str(MARKETPLACE_FILES.name), partitions)
    print_line(f"{len(versions)} marketplace files are in {bucket.url(bucket.prefix)} (a local S3).")
