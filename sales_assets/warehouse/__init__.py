"""The warehouse: IO managers that store a partition whole or not at all, on DuckDB and Snowflake.

Engines differ in `duckdb.py` and `snowflake.py`; what is the same for both stands beside them.
Assets know none of this: they return frames to the default IO manager.
"""
