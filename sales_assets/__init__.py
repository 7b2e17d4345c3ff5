"""A Dagster code location: a daily sales pipeline that can be trusted with money.

Start reading in `definitions.py`; it is the table of contents.
"""
