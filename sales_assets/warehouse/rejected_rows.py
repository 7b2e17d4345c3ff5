"""Resolves where an asset's rejected rows are stored: those that its days are stored without.

Which rows are rejected is decided by the asset; the transaction is the engine's.
"""

from dataclasses import replace

import dagster as dg

from sales_assets.catalog.contracts import REJECTED_ORDERS_SCHEMA
from sales_assets.catalog.names import REJECTED_TABLE
from sales_assets.transforms.frames import FrameWithRejected
from sales_assets.transforms.spooled_rows import FrameInChunks
from sales_assets.warehouse.column_types import to_arrow
from sales_assets.warehouse.engine import Replacement
from sales_assets.warehouse.slices import Slice

_PARTITION_COLUMN = "order_date"


def resolve_rejected(context: dg.OutputContext, slice_: Slice, obj: object) -> Replacement | None:
    """Return what replaces the rejected rows of the output's partitions.

    Args:
        context: The output's context.
        slice_: The slice of the asset's own table; the rejected rows are of the same instants.
        obj: The output; a `FrameWithRejected` or `FrameInChunks` has the rows that were rejected.

    Returns:
        None if the asset rejects no rows.
    """
    name = (context.definition_metadata or {}).get(REJECTED_TABLE)
    if name is None:
        return None
    dimensions = tuple(replace(part, column=_PARTITION_COLUMN) for part in slice_.dimensions)
    rejected = Slice(slice_.schema, str(name), dimensions)
    rows = None
    lost = obj.rejected if isinstance(obj, FrameWithRejected | FrameInChunks) else None
    if lost is not None and not lost.empty:
        rows = to_arrow(lost, REJECTED_ORDERS_SCHEMA, rejected.name)
    return Replacement(rejected, REJECTED_ORDERS_SCHEMA, rows)
