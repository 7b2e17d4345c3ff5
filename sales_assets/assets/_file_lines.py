"""How the rows of a file are handed over piece by piece: with its numbers, and with errors that name it.

Shared by the assets that load files; how files are fetched and read belongs to `marketplace/`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any

import dagster as dg
import pandas as pd

from sales_assets.assets._preview import preview_table
from sales_assets.catalog.contracts import RAW_MARKETPLACE_ORDERS_SCHEMA
from sales_assets.errors import RefusedError
from sales_assets.sources.marketplace.bucket import Bucket, Version
from sales_assets.sources.marketplace.order_files import read_orders
from sales_assets.transforms.marketplace_orders import BadFileError, amounts


class OvertakenError(Exception):
    """The file was overwritten while it was loaded; the next try loads its newer version."""


def metadata_of(bucket: Bucket, version: Version) -> dict[str, Any]:
    """What to report of a file before its rows are read."""
    return {
        "file": bucket.url(version.key),
        "file_size": version.size,
        "etag": version.etag,
        "last_modified": dg.MetadataValue.timestamp(version.modified),
    }


def stored_lines(
    context: dg.AssetExecutionContext, bucket: Bucket, version: Version, file: IO[bytes]
) -> Iterator[pd.DataFrame]:
    """The lines of a file, to be stored in one transaction; their numbers are reported at the end.

    Args:
        context: Of the asset, whose partition is the file.
        bucket: Where the file came from.
        version: The version that was fetched.
        file: What was fetched.

    Raises:
        RefusedError: The file cannot be taken; names it, the place and the value.
        OvertakenError: It is not the current version any more: that one may be stored already.
    """
    rows, totals = 0, dict[str, Decimal]()
    first: pd.DataFrame | None = None
    with _refused(bucket.url(version.key)):
        orders = read_orders(file, version.key)
        for lines in orders.chunks:
            first = lines.head() if first is None else first
            rows += len(lines)
            totals = _sum(totals, amounts(lines))
            yield lines.assign(source_file=context.partition_key)
    if not bucket.is_current(version):
        message = (
            f"{bucket.url(version.key)} was overwritten while it was loaded. Nothing was stored. "
            "The next try loads the newer version."
        )
        raise OvertakenError(message)
    numbers = {
        "row_count": rows,
        "ignored_columns": list(orders.ignored),
        "amounts": {c: str(totals[c]) for c in sorted(totals)},
    }
    shown = (
        {}
        if first is None
        else {"preview": dg.MetadataValue.md(preview_table(first, RAW_MARKETPLACE_ORDERS_SCHEMA))}
    )
    context.add_asset_metadata(numbers | shown, partition_key=context.partition_key)


def _sum(some: dict[str, Decimal], more: dict[str, Decimal]) -> dict[str, Decimal]:
    return {key: some.get(key, Decimal(0)) + more.get(key, Decimal(0)) for key in some | more}


@contextmanager
def _refused(url: str) -> Iterator[None]:
    try:
        yield
    except BadFileError as error:
        message = (
            f"{url} was refused. {error} Nothing of it was stored, and what was stored of an earlier version "
            "is kept. Have it corrected and delivered again under the same name; it is then loaded by itself."
        )
        raise RefusedError(message) from None
