"""How many rows the ERP has of each day, about, so that a range is read in groups that fit into memory."""

from sales_assets.catalog.partitions import Window
from sales_assets.sources.erp import queries
from sales_assets.sources.erp.postgres import PostgresResource


def count_rows_by_day(erp: PostgresResource, window: Window) -> dict[str, int]:
    """Count the rows of orders and customers by the UTC date, which is a day's key, give or take some hours.

    Args:
        erp: The ERP. One that answers without these columns, as a mock may, has no counts.
        window: The days of a run.
    """
    counts = erp.execute_query(queries.ROWS_BY_DATE_SQL, [*window.bounds])
    if not {"date_utc", "row_count"} <= set(counts.columns):
        return {}
    days = counts["date_utc"].dt.strftime("%Y-%m-%d")
    return {day: int(rows) for day, rows in zip(days, counts["row_count"], strict=True)}
