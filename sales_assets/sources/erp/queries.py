"""The queries in `sql/`, one constant per file. No query is written in Python."""

from importlib.resources import files

_SQL = files("sales_assets.sources.erp") / "sql"

RAW_ORDERS_SQL = (_SQL / "raw_orders.sql").read_text()
"""Parameters: start and end of the window. Columns: those of `contracts.RAW_ORDERS_SCHEMA`."""

RAW_CUSTOMERS_SQL = (_SQL / "raw_customers.sql").read_text()
"""Parameters: start and end of the window, when its days begin, the days. Columns: those of
`contracts.RAW_CUSTOMERS_SCHEMA`."""

LATE_CHANGES_SQL = (_SQL / "late_changes.sql").read_text()
"""Parameters: start, when days begin and the last one ends, the days. Columns: kind, day, minute, changes,
checksum, undated."""

SESSION_SQL = (_SQL / "session.sql").read_text()
"""Parameters, in milliseconds: how long a statement, waiting for a lock and an idle transaction may take.
Columns: applied, read_at."""

CLOCK_SQL = (_SQL / "clock.sql").read_text()
"""Columns: asked_at."""

RIGHTS_SQL = (_SQL / "rights.sql").read_text()
"""Parameters: table names. Columns: name, may_read, may_write."""

COLUMNS_SQL = (_SQL / "columns.sql").read_text()
"""Parameters: table names. Columns: table_name, column_name, data_type."""

NOONS_SQL = (_SQL / "noons.sql").read_text()
"""Parameters: first day, end day, time zone. Columns: noon."""

ROWS_BY_DATE_SQL = (_SQL / "rows_by_date.sql").read_text()
"""Parameters: start and end of the window. Columns: date_utc, row_count."""
