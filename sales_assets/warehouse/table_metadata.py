"""The metadata that the catalog shows of a stored table, the same on every engine.

In a range each partition gets its own count and query: Dagster would stamp the range's on all of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import dagster as dg
import numpy as np
import pyarrow as pa

from sales_assets.private_apis.outputs import add_partition_metadata
from sales_assets.warehouse.engine import Engine
from sales_assets.warehouse.slices import Keys, Slice, Windows, slice_of, split_dimensions
from sales_assets.warehouse.statements import shown_query
from sales_assets.warehouse.tables import Table


class Tally:
    """What a write stored, counted chunk by chunk, so that no more than one has to be held.

    Attributes:
        rows: How many rows.
        bytes: Their size in memory.
        slice: The rows that are replaced.
        by_partition: How many rows each partition has; None if that is told by an expression rather than
            a column.
    """

    def __init__(self, context: dg.OutputContext, slice_: Slice):
        self.rows = 0
        self.bytes = 0
        self.by_partition: Counter[str] | None = Counter()
        self._context = context
        self.slice = slice_

    def counted(self, chunks: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The same chunks; each is counted after it was taken, when its rows are known to belong."""
        for chunk in chunks:
            yield chunk
            self.rows += chunk.num_rows
            self.bytes += chunk.nbytes
            if self._context.has_asset_partitions and self.by_partition is not None:
                counts = _rows_per_partition(self._context, self.slice, chunk)
                self.by_partition = None if counts is None else self.by_partition + counts


def describe(
    context: dg.OutputContext,
    engine: Engine,
    table: Table,
    contract: dg.TableSchema,
    tally: Tally,
) -> None:
    """Attach table name, engine, columns, bytes, rows and the query to look at them.

    Args:
        context: Of the output that was stored.
        engine: Where it was stored.
        table: Where the rows stand.
        contract: The table's columns.
        tally: What was stored.
    """
    slice_ = tally.slice
    context.add_output_metadata(
        {
            "dagster/table_name": slice_.name,
            "dagster/storage_kind": engine.kind,
            "dagster/column_schema": contract,
            "bytes": tally.bytes,
        }
    )
    if not context.has_asset_partitions:
        context.add_output_metadata(
            {"dagster/row_count": tally.rows, "query": shown_query(engine.dialect, slice_)}
        )
        return
    for key in context.asset_partition_keys:
        query = shown_query(engine.dialect, slice_of(context, table, contract, [key]))
        metadata: dict[str, object] = {"query": query}
        if tally.by_partition is not None:
            metadata["dagster/partition_row_count"] = tally.by_partition[key]
        add_partition_metadata(context, key, metadata)


def _rows_per_partition(context: dg.OutputContext, slice_: Slice, rows: pa.Table) -> Counter[str] | None:
    """How many rows each partition has; None if that is told by an expression rather than a column."""
    keys = context.asset_partition_keys
    if len(keys) == 1:
        return Counter({keys[0]: rows.num_rows})
    definition = context.asset_partitions_def
    columns = {name.lower(): rows[name] for name in rows.column_names}
    if any(part.column.lower() not in columns for part in slice_.dimensions):
        return None
    labels = [
        _labels(columns[part.column.lower()], part, partitions, part_keys)
        for part, (partitions, part_keys) in zip(
            slice_.dimensions, split_dimensions(definition, keys), strict=True
        )
    ]
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        return Counter(labels[0])
    names = [part.name for part in definition.partitions_defs]
    return Counter(
        dg.MultiPartitionKey(dict(zip(names, row, strict=True))) for row in zip(*labels, strict=True)
    )


def _labels(
    values: pa.ChunkedArray,
    part: Windows | Keys,
    partitions: dg.PartitionsDefinition[str],
    keys: Sequence[str],
) -> list[str]:
    """The partition key of each value; every value is known to lie in one of them."""
    if isinstance(part, Keys):
        return [str(value) for value in values.to_pylist()]
    # Dagster gives the keys of several dimensions in no order.
    starts = sorted((part.start_of(key, partitions), key) for key in keys)
    instants = np.array([start for start, _ in starts], dtype="datetime64[us]")
    positions = np.searchsorted(instants, values.to_numpy().astype("datetime64[us]"), side="right") - 1
    return [starts[position][1] for position in positions]
