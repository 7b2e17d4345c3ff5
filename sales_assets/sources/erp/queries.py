"""The texts of the queries in `sql/`, one constant a file; no query is written in Python."""

from importlib.resources import files

_SQL = files("sales_assets.sources.erp") / "sql"

RAW_ORDERS_SQL = (_SQL / "raw_orders.sql").read_text()
"""Parameters: start and end of the window. Columns: those of `contracts.RAW_ORDERS`."""

RAW_CUSTOMERS_SQL = (_SQL / "raw_customers.sql").read_text()
"""Parameters: start and end of the window, time zone. Columns: those of `contracts.RAW_CUSTOMERS`."""

LATE_CHANGES_SQL = (_SQL / "late_changes.sql").read_text()
"""Parameters: since when, time zone. Columns: kind, day, minute, changes, checksum."""

CLOCK_SQL = (_SQL / "clock.sql").read_text()
"""Columns: asked_at."""

RIGHTS_SQL = (_SQL / "rights.sql").read_text()
"""Parameters: names of tables. Columns: name, may_read, may_write."""
