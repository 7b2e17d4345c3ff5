"""`sales-assets demo-files [FILE…]`: starts the S3 emulator and registers its files as partitions.

`make dev` runs it first, so that the UI lists the files before the sensor's first tick.
"""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from sales_assets.catalog.partitions import MARKETPLACE_FILES, partition_of_file
from sales_assets.commands.console import UsageError, open_instance, print_line
from sales_assets.demo.s3.demo_s3 import DemoS3Resource
from sales_assets.errors import RefusedError
from sales_assets.settings import Settings, make_private_folder, settings
from sales_assets.sources.marketplace.bucket import Bucket


def run(options: Namespace) -> int:
    """Register the files. The exit code is always 0: the UI works without them if S3 does not start."""
    make_private_folder(settings().data_dir)  # before Dagster makes it for everyone
    register_demo_files(settings(), [Path(file) for file in options.files])
    return 0


def register_demo_files(settings: Settings, given: Sequence[Path] = ()) -> None:
    """Start the S3 emulator, unless a real bucket is set, and add a partition for each of its files.

    Args:
        settings: Of a laptop.
        given: Files to put into the bucket first.

    Raises:
        UsageError: A given file does not exist, or there is no emulator to put it into.
    """
    if missing := [str(file) for file in given if not file.is_file()]:
        message = f"There is no file {', '.join(missing)}."
        raise UsageError(message)
    if not settings.uses_demo_s3:
        if given:
            message = "A file is only put into the local S3, and SALES_S3_BUCKET names another bucket."
            raise UsageError(message)
        return
    try:
        s3 = DemoS3Resource(data_dir=str(settings.data_dir), timezone=settings.timezone)
        bucket = s3.open_bucket()
    except RefusedError as error:
        print_line(str(error.description))
        return
    for file in given:
        print_line(f"Put {_upload(bucket, file)}. Its partition is {bucket.prefix}{file.name}.")
    versions, _ = bucket.list_page("")
    with open_instance() as instance:
        partitions = [partition_of_file(version.key) for version in versions]
        instance.add_dynamic_partitions(str(MARKETPLACE_FILES.name), partitions)
    print_line(f"{len(versions)} marketplace files are in {bucket.url(bucket.prefix)} (S3 emulator).")


def _upload(bucket: Bucket, file: Path) -> str:
    """Put a file into the bucket under its name, and return its URL."""
    key = bucket.prefix + file.name
    bucket.client.upload_file(str(file), bucket.name, key)
    return bucket.url(key)
