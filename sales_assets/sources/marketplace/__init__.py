"""Order files that marketplaces drop into a bucket: which are new, how to fetch and to read them.

What their rows have to be like is decided in `transforms/marketplace_orders.py`; Dagster comes in with
`resource.py` alone.
"""
