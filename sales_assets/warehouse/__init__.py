"""The warehouse: IO managers that store a partition completely or not at all, on DuckDB and Snowflake.

`duckdb.py` and `snowflake.py` hold what differs between the engines; the other modules are shared.
Assets know none of this: they return frames to the default IO manager.
"""
