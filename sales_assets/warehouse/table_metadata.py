"""Attaches the metadata that the UI shows for a stored table, the same on every engine.

In a range each partition gets its own row count and query: Dagster would report the range's for all of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import dagster as dg
import numpy as np
import pyarrow as pa

from sales_assets.private_apis.outputs import add_partition_metadata
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.slices import Keys, Slice, Windows, split_dimensions
from sales_assets.warehouse.statements import format_query


class WriteStats:
    """Counts what a write stored, chunk by chunk, so that no more than one chunk has to be in memory.

    Attributes:
        bytes: Their size in memory.
        by_partition: Number of rows of each partition; None if the partition column is an expression.
    """

    def __init__(self, context: dg.OutputContext, slice_: Slice):
        self.bytes = 0
        self.by_partition: Counter[str] | None = Counter()
        self._context = context
        self._slice = slice_

    def count_chunks(self, chunks: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Pass chunks on, and count each once the engine has taken it, and so accepted its rows."""
        for chunk in chunks:
            yield chunk
            self.bytes += chunk.nbytes
            if self._context.has_asset_partitions and self.by_partition is not None:
                counts = _count_by_partition(self._context, self._slice, chunk)
                self.by_partition = None if counts is None else self.by_partition + counts


def attach_metadata(
    context: dg.OutputContext,
    engine: Engine,
    slice_: Slice,
    contract: dg.TableSchema,
    stats: WriteStats,
    *,
    table_rows: int,
) -> None:
    """Attach table name, engine, columns, bytes, row counts, and the query that shows the rows.

    Args:
        context: The context of the output that was stored.
        engine: The engine that stored it.
        slice_: The rows that were replaced.
        contract: The table's columns.
        stats: What was stored.
        table_rows: How many rows the whole table has now.
    """
    context.add_output_metadata(
        {
            "dagster/table_name": slice_.name,
            "dagster/storage_kind": engine.kind,
            "dagster/column_schema": contract,
            "dagster/row_count": table_rows,
            "bytes": stats.bytes,
        }
    )
    if not context.has_asset_partitions:
        context.add_output_metadata({"query": format_query(engine.dialect, slice_)})
        return
    for key in context.asset_partition_keys:
        partition = slice_.narrow(context.asset_partitions_def, key)
        metadata: dict[str, object] = {"query": format_query(engine.dialect, partition)}
        if stats.by_partition is not None:
            metadata["dagster/partition_row_count"] = stats.by_partition[key]
        add_partition_metadata(context, key, metadata)


def _count_by_partition(context: dg.OutputContext, slice_: Slice, rows: pa.Table) -> Counter[str] | None:
    """Count the rows of each partition; None if a partition column is an expression."""
    keys = context.asset_partition_keys
    if len(keys) == 1:
        return Counter({keys[0]: rows.num_rows})
    definition = context.asset_partitions_def
    columns = {name.lower(): rows[name] for name in rows.column_names}
    if any(part.column.lower() not in columns for part in slice_.dimensions):
        return None
    keys_by_dimension = [
        _find_keys(columns[part.column.lower()], part, partitions, part_keys)
        for part, (partitions, part_keys) in zip(
            slice_.dimensions, split_dimensions(definition, keys), strict=True
        )
    ]
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        return Counter(keys_by_dimension[0])
    names = [part.name for part in definition.partitions_defs]
    return Counter(
        dg.MultiPartitionKey(dict(zip(names, row, strict=True)))
        for row in zip(*keys_by_dimension, strict=True)
    )


def _find_keys(
    values: pa.ChunkedArray,
    part: Windows | Keys,
    partitions: dg.PartitionsDefinition[str],
    keys: Sequence[str],
) -> list[str]:
    """Return the partition key of each value; every value is known to lie in one of them."""
    if isinstance(part, Keys):
        return [str(value) for value in values.to_pylist()]
    # Dagster returns the keys of several dimensions in no particular order.
    starts = sorted((part.find_start(key, partitions), key) for key in keys)
    instants = np.array([start for start, _ in starts], dtype="datetime64[us]")
    positions = np.searchsorted(instants, values.to_numpy().astype("datetime64[us]"), side="right") - 1
    in_order = np.array([key for _, key in starts], dtype=object)
    return list(in_order[positions])
