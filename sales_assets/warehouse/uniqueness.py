"""Refuses rows that repeat a value which the contract declares unique, in the transaction that stores them.

It is asked of rows that come in chunks, which no asset has in memory as a whole. Those of a frame are checked
by the asset, which can say more about them.
"""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from sales_assets.catalog.names import PERSONAL_DATA_TAG
from sales_assets.errors import RefusedError
from sales_assets.redaction import MASK, cut_text
from sales_assets.warehouse.slices import Slice, Value
from sales_assets.warehouse.statements import Dialect, build_predicate

FetchOne = Callable[[str, list[Value]], tuple[object, ...] | None]
"""Runs a query; returns its first row."""


def find_unique(context: dg.OutputContext, contract: dg.TableSchema, obj: object) -> list[dg.TableColumn]:
    """The columns that an output may not repeat a value in; each is unique within a partition."""
    is_one = not context.has_asset_partitions or len(context.asset_partition_keys) == 1
    if not is_one or not isinstance(obj, Iterator):
        return []
    return [column for column in contract.columns if column.constraints.unique]


def refuse_repeated_values(
    fetch_one: FetchOne, dialect: Dialect, slice_: Slice, rows: str, unique: Sequence[dg.TableColumn]
) -> None:
    """Refuse rows of a slice that repeat a value; nulls may be repeated.

    Args:
        fetch_one: Runs a query in the write's transaction.
        dialect: The engine's.
        slice_: The run's partition.
        rows: The table that has the new rows, quoted.
        unique: See `find_unique`.

    Raises:
        RefusedError: Names the column, the number of its values that are repeated, and one of them.
    """
    predicate, values = build_predicate(dialect, slice_)
    for column in unique:
        name = dialect.quote(column.name)
        found = fetch_one(
            f"select count(*) over (), {name} from {rows} where {name} is not null and {predicate} "
            f"group by {name} having count(*) > 1 order by {name} limit 1",
            values,
        )
        if found is not None:
            shown = MASK if PERSONAL_DATA_TAG in column.tags else cut_text(str(found[1]))
            message = (
                f"{found[0]} value(s) of {column.name} occur more than once in the rows for {slice_.name}, "
                f"the first is {shown}, but the contract says that each is unique. "
                "No stored data was changed. Correct the source, or the column in the contract."
            )
            raise RefusedError(message)
