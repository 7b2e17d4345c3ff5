"""Loads the rows of a file in chunks, reports their totals, and names the file in errors.

Shared by the assets that load files. How files are fetched and read belongs to `sources/marketplace/`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any

import dagster as dg
import pandas as pd

from sales_assets.assets._preview import preview_table
from sales_assets.catalog.contracts import RAW_MARKETPLACE_ORDERS_SCHEMA
from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.errors import RefusedError
from sales_assets.redaction import cut_text
from sales_assets.sources.marketplace.bucket import Bucket, Version
from sales_assets.sources.marketplace.order_files import read_order_lines
from sales_assets.transforms.marketplace_orders import BadFileError, sum_amounts


class OvertakenError(Exception):
    """The file was overwritten while it was being loaded; the next try loads the newer version."""


def build_file_metadata(bucket: Bucket, version: Version) -> dict[str, Any]:
    """Build the metadata of a file that is known before its rows are read."""
    return {
        "file": bucket.url(version.key),
        "file_size": version.size,
        "etag": version.etag,
        "last_modified": dg.MetadataValue.timestamp(version.modified),
    }


def load_lines(
    context: dg.AssetExecutionContext, bucket: Bucket, version: Version, file: IO[bytes]
) -> Iterator[pd.DataFrame]:
    """Yield the lines of a file, to be stored in one transaction, and then report their totals.

    Args:
        context: The context of the asset, whose partition is the file.
        bucket: The bucket of the file.
        version: The version that was fetched.
        file: The fetched content.

    Raises:
        RefusedError: The file cannot be loaded; names the file, the place and the value.
        OvertakenError: A newer version replaced this one, and may already be stored.
    """
    rows, totals = 0, dict[str, Decimal]()
    metadata: dict[str, Any] = {}
    with _refuse_bad_file(bucket.url(version.key)):
        lines = read_order_lines(file, version.key, _find_personal_columns(RAW_MARKETPLACE_ORDERS_SCHEMA))
        for chunk in lines.chunks:
            if not rows:
                table = preview_table(chunk.head(), RAW_MARKETPLACE_ORDERS_SCHEMA)
                metadata["preview"] = dg.MetadataValue.md(table)
            rows += len(chunk)
            totals = _add(totals, sum_amounts(chunk))
            yield chunk.assign(source_file=context.partition_key)
    if not bucket.is_current(version):
        message = (
            f"{bucket.url(version.key)} was overwritten while it was being loaded. "
            "No stored data was changed. The next try loads the newer version."
        )
        raise OvertakenError(message)
    metadata |= {
        "row_count": rows,
        "ignored_columns": [cut_text(name) for name in lines.ignored],
        "amounts": {currency: str(totals[currency]) for currency in sorted(totals)},
    }
    context.add_asset_metadata(metadata, partition_key=context.partition_key)


def _find_personal_columns(contract: dg.TableSchema) -> set[str]:
    return {column.name for column in contract.columns if PERSONAL_DATA_TAG in column.tags}


def _add(some: dict[str, Decimal], more: dict[str, Decimal]) -> dict[str, Decimal]:
    return {key: some.get(key, Decimal(0)) + more.get(key, Decimal(0)) for key in some | more}


@contextmanager
def _refuse_bad_file(url: str) -> Iterator[None]:
    try:
        yield
    except BadFileError as error:
        message = (
            f"{url} was refused. {error} No stored data was changed. "
            "Have the file corrected and uploaded again under the same name; the sensor then loads it."
        )
        raise RefusedError(message) from None
