"""Builds the query that counts a slice's rows by date, so that a run knows how many days fit into memory."""

from collections.abc import Mapping

from sales_assets.warehouse.slices import Slice
from sales_assets.warehouse.statements import Dialect, Statement, build_query


def build_count_by_date(dialect: Dialect, slice_: Slice, stored: Mapping[str, str]) -> Statement:
    """Build the query for date and number of rows, by the UTC date of the partition column.

    Args:
        dialect: The engine's.
        slice_: Rows whose only partition dimension is time.
        stored: The columns that the table has.

    Raises:
        RefusedError: The table does not exist.
    """
    [part] = slice_.dimensions
    query, values = build_query(dialect, slice_, (), stored)
    day = f"cast({dialect.quote_expression(part.column)} as date)"
    return f"select {day}, count(*) from ({query}) as stored group by {day}", values
