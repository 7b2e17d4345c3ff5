"""The marketplaces' order lines, one partition per file."""

from collections.abc import Iterator
from tempfile import TemporaryFile

import dagster as dg
import pandas as pd

from sales_assets.assets._file_lines import build_file_metadata, load_lines
from sales_assets.catalog.contracts import RAW_MARKETPLACE_ORDERS_SCHEMA, storage_metadata
from sales_assets.catalog.names import INGESTION
from sales_assets.catalog.partitions import FILE_BY_FILE, MARKETPLACE_FILES, file_of_partition
from sales_assets.catalog.policies import EXTRACTION
from sales_assets.sources.marketplace.s3_resource import MarketplaceS3Resource


@dg.asset(
    group_name=INGESTION,
    partitions_def=MARKETPLACE_FILES,
    backfill_policy=FILE_BY_FILE,
    retry_policy=EXTRACTION,
    metadata=storage_metadata("raw", RAW_MARKETPLACE_ORDERS_SCHEMA, "source_file"),
    kinds={"s3"},
)
def raw_marketplace_orders(
    context: dg.AssetExecutionContext, s3: MarketplaceS3Resource
) -> Iterator[dg.Output[Iterator[pd.DataFrame]]]:
    """Order lines of one file, in its current version. Loading a file again replaces its lines."""
    bucket = s3.open_bucket()
    # Fetched completely first, so that the warehouse is not locked during a slow download. The copy has no
    # name on the disk, so nothing is left behind if the run dies.
    with TemporaryFile() as file:
        version = bucket.fetch(file_of_partition(context.partition_key), file)
        lines = load_lines(context, bucket, version, file)
        yield dg.Output(lines, metadata=build_file_metadata(bucket, version))
